// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaOperators
package import AlulaTensor

/// One assignment of concrete shapes to all inputs, for which the shape rules are run.
package struct ShapeProbe: Sendable {
    /// For errors, e.g. `profile 0, max`.
    package var label: String
    /// Shapes in the order of the graph's inputs.
    package var shapes: [Shape]
}

/// What the shape rules say of every value at every probe.
///
/// Values whose shape depends on the content of inputs, and all that follow from them, have no type; for those only the
/// element type is guessed, by running the rules on stand-in content.
package struct InferredTypes: Sendable {
    /// What is known of one value at one probe.
    struct Entry {
        var input: OperatorInput
        /// False when the shape is a stand-in.
        var isExact: Bool
    }

    var probes: [[Graph.ValueID: Entry]] = []
    var staticValues: Set<Graph.ValueID> = []

    /// The value's type at each probe, in probe order; nil when it depends on content.
    package func types(of value: Graph.ValueID) -> [TensorType]? {
        var types: [TensorType] = []
        for probe in probes {
            guard let entry = probe[value], entry.isExact else { return nil }
            types.append(entry.input.type)
        }
        return types
    }

    /// The value's element type; nil when it cannot be told.
    package func dataType(of value: Graph.ValueID) -> DataType? { probes.first?[value]?.input.dataType }

    /// The value's shape at each probe; see ``types(of:)``.
    package func shapes(of value: Graph.ValueID) -> [Shape]? { types(of: value)?.map(\.shape) }

    /// The value's type where it is the same for all inputs the engine accepts, content aside.
    package func staticType(of value: Graph.ValueID) -> TensorType? {
        staticValues.contains(value) ? types(of: value)?.first : nil
    }

    /// The number of extents; nil when it depends on content or on the probe.
    package func rank(of value: Graph.ValueID) -> Int? {
        guard let ranks = shapes(of: value)?.map(\.rank), let first = ranks.first else { return nil }
        return ranks.allSatisfy { $0 == first } ? first : nil
    }

    /// Whether the value is float32 of known shape.
    package func isFloat32(_ value: Graph.ValueID) -> Bool {
        types(of: value)?.allSatisfy { $0.dataType == .float32 } ?? false
    }

    /// The value as an input of a rule at probe `probe`; nil when its type is unknown there.
    package func input(_ value: Graph.ValueID, probe: Int) -> OperatorInput? {
        guard probes.indices.contains(probe), let entry = probes[probe][value], entry.isExact else { return nil }
        return entry.input
    }
}

/// Runs the shape rules over a graph.
struct TypeInference {
    /// The largest tensor whose content is tracked: shape arithmetic is much smaller, weights much larger.
    static let trackedElementCount = 1024

    var graph: Graph
    var probes: [ShapeProbe]

    /// Infers all types at all probes.
    ///
    /// - Throws: ``BuilderError/invalidNode(node:operator:shapes:_:)`` for the first rule that refuses its inputs.
    func run() throws(BuilderError) -> InferredTypes {
        var result = InferredTypes()
        for probe in probes {
            var entries: [Graph.ValueID: InferredTypes.Entry] = [:]
            for (input, shape) in zip(graph.inputs, probe.shapes) {
                let type = TensorType(graph[input].dataType ?? .float32, shape)
                entries[input] = .init(input: OperatorInput(type), isExact: true)
            }
            for id in graph.nodes { try infer(graph[id], probe: probe, entries: &entries) }
            result.probes.append(entries)
        }
        result.staticValues = staticValues()
        return result
    }

    /// Values whose type follows from constants and inputs with fixed extents alone.
    ///
    /// Extents are fixed where they are declared so, and where the minimum and maximum of all profiles are one shape.
    private func staticValues() -> Set<Graph.ValueID> {
        var known = Set<Graph.ValueID>()
        for (position, input) in graph.inputs.enumerated() where Set(probes.map { $0.shapes[position] }).count == 1 {
            known.insert(input)
        }
        for id in graph.nodes {
            let node = graph[id]
            let isKnown = node.inputs.allSatisfy { input in
                input.map { known.contains($0) || graph[$0].constant != nil } ?? true
            }
            if isKnown { known.formUnion(node.outputs.compactMap(\.self)) }
        }
        return known
    }

    private func infer(
        _ node: Graph.Node,
        probe: ShapeProbe,
        entries: inout [Graph.ValueID: InferredTypes.Entry]
    ) throws(BuilderError) {
        var inputs: [OperatorInput?] = []
        var isExact = true
        for input in node.inputs {
            guard let input else {
                inputs.append(nil)
                continue
            }
            if let constant = graph[input].constant, entries[input] == nil {
                entries[input] = .init(input: OperatorInput(constant), isExact: true)
            }
            guard let entry = entries[input] else { return }
            isExact = isExact && entry.isExact
            inputs.append(entry.input)
        }
        do {
            let types = try node.operation.inferOutputs(inputs)
            let values = isExact ? try knownValues(node, inputs: inputs, types: types) : nil
            for (position, output) in node.outputs.enumerated() {
                guard let output, position < types.count else { continue }
                entries[output] = .init(
                    input: OperatorInput(types[position], value: values?[position]),
                    isExact: isExact
                )
            }
        } catch .valueRequired {
            guess(node, inputs: inputs, entries: &entries)
        } catch {
            if !isExact { return guess(node, inputs: inputs, entries: &entries) }
            throw .invalidNode(node: node.name, operator: node.operation.name, shapes: probe.label, error)
        }
    }

    /// The outputs' content where it follows from types or from small known inputs.
    private func knownValues(
        _ node: Graph.Node,
        inputs: [OperatorInput?],
        types: [TensorType]
    ) throws(OperatorError) -> [Tensor]? {
        if let values = try node.operation.outputsKnownFromTypes(inputs), values.count >= node.outputs.count {
            return values
        }
        let limit = Self.trackedElementCount
        guard types.allSatisfy({ $0.shape.elementCount <= limit }), types.count >= node.outputs.count,
            inputs.allSatisfy({ $0.map { $0.value != nil && $0.shape.elementCount <= limit } ?? true })
        else { return nil }
        let outputs = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try node.operation.evaluate(inputs.map { $0?.value }, into: outputs)
        return outputs
    }

    /// Types of outputs whose shape is unknown, from rules run on stand-in content; leaves them out if no rule agrees.
    private func guess(
        _ node: Graph.Node,
        inputs: [OperatorInput?],
        entries: inout [Graph.ValueID: InferredTypes.Entry]
    ) {
        for fill in [1, 0, -1] {
            let filled = inputs.map { input -> OperatorInput? in
                guard let input, input.value == nil else { return input }
                return OperatorInput(input.type, value: Self.standIn(input.type, filledWith: fill))
            }
            guard let types = try? node.operation.inferOutputs(filled) else { continue }
            for (output, type) in zip(node.outputs, types) {
                guard let output else { continue }
                entries[output] = .init(input: OperatorInput(type), isExact: false)
            }
            return
        }
    }

    private static func standIn(_ type: TensorType, filledWith fill: Int) -> Tensor? {
        guard type.shape.elementCount <= trackedElementCount else { return nil }
        let tensor = Tensor(zeros: type.dataType, shape: type.shape)
        guard fill != 0 else { return tensor }
        func set<T: NumericElement>(_: T.Type) {
            var elements = tensor.mutableSpan(of: T.self)
            for index in 0..<elements.count { elements[index] = T(converting: Int64(fill)) }
        }
        if let numeric = type.dataType.numericElementType {
            set(numeric)
        } else {
            var elements = tensor.mutableSpan(of: Bool.self)
            for index in 0..<elements.count { elements[index] = true }
        }
        return tensor
    }
}
