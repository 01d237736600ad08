// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaPlan
internal import AlulaTensor

/// Makes a plan of an optimised graph: values by index, steps in execution order, bindings in network order.
struct Lowering {
    private let graph: Graph
    private let configuration: BuilderConfiguration
    private let types: InferredTypes
    private let probes: [ShapeProbe]
    private var report: BuildReport
    private var values: [PlanValue] = []
    private var indices: [Graph.ValueID: Int] = [:]

    init(_ graph: Graph, _ configuration: BuilderConfiguration, _ context: PassContext) throws(BuilderError) {
        self.graph = graph
        self.configuration = configuration
        probes = context.probes
        types = try context.inferTypes(graph)
        report = BuildReport(remarks: context.remarks)
    }

    /// The plan, and the report with its steps filled in.
    func run() throws(BuilderError) -> (plan: Plan, report: BuildReport) {
        var copy = self
        let bindings = try copy.lowerBindings()
        let steps = graph.nodes.map { copy.lower(graph[$0]) }
        let plan = Plan(
            name: graph.name,
            batchMode: configuration.batchMode,
            bindings: bindings,
            profiles: configuration.profiles,
            values: copy.values,
            steps: steps
        )
        return (plan, copy.report)
    }

    // MARK: - Bindings

    private mutating func lowerBindings() throws(BuilderError) -> [Binding] {
        var bindings: [Binding] = []
        for input in graph.inputs {
            addValue(input, .binding(bindings.count))
            bindings.append(
                Binding(
                    name: graph[input].name,
                    mode: .input,
                    dataType: graph[input].dataType ?? .float32,
                    dimensions: withoutBatch(graph[input].dimensions ?? [])
                )
            )
        }
        for output in graph.outputs {
            let name = graph[output].name
            // Where the rules cannot tell without content, the network's own declaration counts.
            guard let dataType = types.dataType(of: output) ?? graph[output].dataType else {
                throw .unknownOutputType(output: name)
            }
            let dimensions = outputDimensions(output)
            try checkImplicitBatch(name, dimensions)
            addValue(output, .binding(bindings.count))
            bindings.append(
                Binding(name: name, mode: .output, dataType: dataType, dimensions: dimensions.map(withoutBatch))
            )
        }
        return bindings
    }

    private func withoutBatch(_ dimensions: [Dimension]) -> [Dimension] {
        if case .implicit = configuration.batchMode { Array(dimensions.dropFirst()) } else { dimensions }
    }

    /// An output's extents: fixed where its type is, symbolic by the first input extent that agrees at every probe.
    private func outputDimensions(_ output: Graph.ValueID) -> [Dimension]? {
        guard let shapes = types.shapes(of: output), let rank = types.rank(of: output) else { return nil }
        if let type = types.staticType(of: output) { return type.shape.map(Dimension.fixed) }
        let symbols = symbolExtents()
        return (0..<rank).map { axis in
            let extents = shapes.map { $0[axis] }
            if let match = symbols.first(where: { $0.extents == extents && Set(extents).count > 1 }) {
                return .symbolic(match.name)
            }
            // Equal at all probes: fixed, as far as the profiles reach.
            return Set(extents).count == 1 ? .fixed(extents[0]) : .symbolic("")
        }
    }

    /// Every named extent of the inputs with its value at each probe, in order of first appearance.
    private func symbolExtents() -> [(name: String, extents: [Int])] {
        var found: [(name: String, extents: [Int])] = []
        for (position, input) in graph.inputs.enumerated() {
            for (axis, dimension) in (graph[input].dimensions ?? []).enumerated() {
                guard case .symbolic(let name) = dimension, !found.contains(where: { $0.name == name }) else {
                    continue
                }
                found.append((name, probes.map { $0.shapes[position][axis] }))
            }
        }
        return found
    }

    /// In implicit batch mode an output must lead with the batch at every probe and keep its other extents.
    private func checkImplicitBatch(_ name: String, _ dimensions: [Dimension]?) throws(BuilderError) {
        guard case .implicit(let maxBatchSize) = configuration.batchMode else { return }
        let batch = Dimension.symbolic(BuilderConfiguration.batchSymbol)
        let leadsWithBatch = dimensions?.first == (maxBatchSize == 1 ? .fixed(1) : batch)
        guard let dimensions, leadsWithBatch, dimensions.dropFirst().allSatisfy({ $0.extent != nil }) else {
            throw .implicitBatch(binding: name, got: dimensions.map { "extents \($0)" } ?? "extents that vary")
        }
    }

    // MARK: - Steps

    @discardableResult
    private mutating func addValue(_ id: Graph.ValueID, _ kind: PlanValue.Kind) -> Int {
        indices[id] = values.count
        values.append(PlanValue(name: graph[id].name, kind: kind))
        return values.count - 1
    }

    private mutating func index(of id: Graph.ValueID) -> Int {
        if let index = indices[id] { return index }
        return addValue(id, graph[id].constant.map { .constant($0) } ?? .intermediate)
    }

    private mutating func lower(_ node: Graph.Node) -> Step {
        report.steps.append(stepReport(node))
        let inputs = node.inputs.map { $0.map { index(of: $0) } }
        let outputs = node.outputs.map { $0.map { index(of: $0) } }
        return Step(name: node.name, operation: node.operation, inputs: inputs, outputs: outputs)
    }

    private func stepReport(_ node: Graph.Node) -> BuildReport.Step {
        var step = BuildReport.Step(
            name: node.name,
            operatorName: node.operation.summary,
            kernel: nil,
            outputs: nil,
            floatingPointOperations: 0,
            byteCount: 0
        )
        let inputs = node.inputs.map { $0.flatMap { types.input($0, probe: 0) } }
        guard zip(node.inputs, inputs).allSatisfy({ ($0 == nil) == ($1 == nil) }),
            let outputs = try? node.operation.inferOutputs(inputs)
        else { return step }
        let inputTypes = inputs.map { $0?.type }
        step.outputs = outputs
        step.floatingPointOperations = node.operation.floatingPointOperations(inputs: inputTypes, outputs: outputs)
        step.byteCount = (inputTypes.compactMap(\.self) + outputs).reduce(0) { $0 + $1.byteCount }
        return step
    }
}

extension Operator {
    /// The operator's name; the names of producer and stages of a fused one.
    fileprivate var summary: String {
        guard let fused = self as? Fused else { return name }
        return ([fused.producer.name] + fused.stages.map(\.operation.name)).joined(separator: " + ")
    }
}
