// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import ArgumentParser

/// `alula inspect`: layers, shapes, types, bytes and operations of a model or plan.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show bindings and layers of an ONNX model (as written) or a plan (as it runs)."
    )

    @Argument(help: "ONNX model or plan.")
    var model: String

    @OptionGroup var options: BuildOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let inspection = try Inspection(of: try loadPlan(), path: model, shapes: options.shapes)
        if json {
            print(String(decoding: try encodeJSON(inspection), as: UTF8.self))
        } else {
            inspection.printText()
        }
    }

    /// A plan as it is, or an ONNX model lowered node by node, without any rewriting.
    private func loadPlan() throws -> Plan {
        guard try !Plan.isPlan(contentsOf: model) else { return try Plan(contentsOf: model) }
        let loader = ModelLoader(options: options)
        let graph = try Graph(onnx: model)
        var configuration = try loader.configuration(for: graph)
        configuration.passes = []
        configuration.timesTactics = false  // nothing is kept of what would win
        return try loader.build(graph, configuration).plan
    }
}

/// What `alula inspect` shows, at one set of input shapes.
struct Inspection: Codable {
    /// One binding of the engine.
    struct BindingRow: Codable {
        var index: Int
        var name: String
        var mode: String
        var dataType: String
        /// As declared; symbols where extents vary.
        var dimensions: [String]?
        /// At the inspected shapes; nil when decided at run time.
        var shape: [Int]?
    }

    /// One layer, or a change of layout between two.
    struct Layer: Codable {
        var name: String
        var operation: String
        /// The kernel's identifier, or how the layer is carried out without one.
        var kernel: String
        /// The tactic the kernel was chosen as.
        var tactic: String?
        var inputs: [String]
        /// Types of the outputs; nil when decided at run time.
        var outputs: [String?]
        /// How the outputs lie in memory.
        var layouts: [String]
        var weightBytes: Int
        var activationBytes: Int
        var flop: Int
        /// `resolved` when the shape program computes it, `dynamic` when sized at run time, else `static`.
        var evaluation: String
    }

    var path: String
    var name: String
    var batchMode: String
    var bindings: [BindingRow]
    var layers: [Layer]
    var weightBytes: Int
    var workspaceBytes: Int
    var gflop: Double

    /// Inspects `plan` at `shapes` (as `--shapes` spells them), else at the optimum of its first profile.
    init(of plan: Plan, path: String, shapes: [String]) throws {
        let inputShapes = try plan.fullInputShapes(try parseShapes(shapes, option: "--shapes"))
        let instance = try PlanInstance(plan, inputShapes: inputShapes)
        let engine = try Engine(plan)
        self.path = path
        name = plan.name
        switch plan.batchMode {
        case .explicit: batchMode = "explicit"
        case .implicit(let maxBatchSize): batchMode = "implicit, at most \(maxBatchSize)"
        }
        let types = instance.bindingTypes
        bindings = plan.bindings.enumerated().map { index, binding in
            BindingRow(
                index: index,
                name: binding.name,
                mode: binding.mode == .input ? "input" : "output",
                dataType: "\(binding.dataType)",
                dimensions: binding.dimensions.map { $0.map(\.description) },
                shape: types[index]?.shape.extents
            )
        }
        layers = try engine.layers(inputShapes: inputShapes).map { Layer($0) }
        weightBytes = plan.values.reduce(0) { total, value in
            if case .constant(let tensor) = value.kind { total + tensor.byteCount } else { total }
        }
        workspaceBytes = try engine.workspaceByteCount(inputShapes: inputShapes)
        gflop = Double(layers.reduce(0) { $0 + $1.flop }) / 1e9
    }

    // MARK: - Text

    func printText() {
        print("\(path): network '\(name)', batch \(batchMode)")
        print("Bindings")
        for row in bindings {
            let declared = row.dimensions.map { "[" + $0.joined(separator: ", ") + "]" } ?? "unknown rank"
            let shape = row.shape.map { "\($0)" } ?? "decided at run time"
            print("  \(row.index)  \(row.mode)  \(row.name)  \(row.dataType) \(declared)  here \(shape)")
        }
        print("Layers (MFLOP, bytes of weights, bytes of activations)")
        for (index, layer) in layers.enumerated() {
            let types = layer.outputs.map { $0 ?? "decided at run time" }.joined(separator: ", ")
            let tactic = layer.tactic.map { " [\($0)]" } ?? ""
            print(
                column("\(index)", 4) + column(format(Double(layer.flop) / 1e6, digits: 2), 12)
                    + column("\(layer.weightBytes)", 11) + column("\(layer.activationBytes)", 12)
                    + "  \(layer.operation)  \(layer.name)  -> \(types): \(layer.kernel)\(tactic)"
            )
        }
        print(
            "Total \(layers.count) layers, \(format(gflop, digits: 3)) GFLOP, \(weightBytes) bytes of weights, "
                + "\(workspaceBytes) bytes of workspace"
        )
    }
}

extension Inspection.Layer {
    /// What the engine tells of a layer.
    fileprivate init(_ layer: LayerInformation) {
        name = layer.name
        operation = layer.operation
        kernel = layer.execution.note
        tactic = if case .kernel(_, let tactic) = layer.execution { tactic } else { nil }
        inputs = layer.inputs.map { $0?.name ?? "" }
        outputs = layer.outputs.map { $0?.type?.description }
        layouts = layer.outputs.map { $0?.layout ?? "" }
        weightBytes = layer.constantByteCount
        activationBytes = layer.activationByteCount
        flop = layer.floatingPointOperations
        evaluation =
            switch layer.execution {
            case .resolved: "resolved"
            case .dynamic: "dynamic"
            case .kernel, .reference, .parts, .copies, .inPlace: "static"
            }
    }
}

extension Plan {
    /// The full shape of every input: what `given` says, else the optimum of the first profile, else the declaration.
    ///
    /// With implicit batch, shapes are given without the batch and run with a batch of one.
    func fullInputShapes(_ given: [String: Shape]) throws(CommandError) -> [Shape] {
        let inputs = bindings.filter { $0.mode == .input }
        let known = inputs.map(\.name)
        for name in given.keys.sorted() where !known.contains(name) {
            throw .badOption(
                option: "--shapes",
                got: "input '\(name)'",
                expected: "one of \(known.joined(separator: ", "))"
            )
        }
        return inputs.map { input in
            let declared = Shape((input.dimensions ?? []).map { $0.extent ?? 1 })
            let shape = given[input.name] ?? profiles.first?.ranges[input.name]?.opt ?? declared
            if case .implicit = batchMode { return Shape([1] + shape.extents) }
            return shape
        }
    }
}
