// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

/// Translates a model into a graph, node by node, functions inlined.
struct GraphImporter {
    /// Names visible to nodes of one graph or function body, and what they stand for; nil is an omitted optional value.
    typealias Scope = [String: Graph.ValueID?]

    let model: ModelProto
    let importers: ImporterRegistry
    /// Model-local functions by ``FunctionKey``.
    let functions: [FunctionKey: FunctionProto]
    var context: ImportContext
    /// Nodes of function bodies imported so far.
    var expandedNodeCount = 0
    /// Bytes by which calls have lengthened names so far.
    var expandedNameByteCount = 0

    init(model: ModelProto, importers: ImporterRegistry) {
        self.model = model
        self.importers = importers
        functions = Dictionary(model.functions.map { (FunctionKey($0), $0) }) { _, last in last }
        let graph = Graph(name: model.graph.name.isEmpty ? "network" : model.graph.name)
        let none = NodeProto(operatorType: "", inputs: [], outputs: [])
        context = ImportContext(graph: graph, node: none, opset: 0, inputs: [])
    }

    // MARK: - The main graph

    mutating func makeGraph() throws(ImportError) -> Graph {
        try checkOperators()
        var scope: Scope = [:]
        try addConstants(to: &scope)
        for input in model.graph.inputs where scope[input.name] == nil { try addInput(input, to: &scope) }
        try importNodes(model.graph.nodes, opsets: model.opsets, prefix: "", scope: &scope, callers: [])
        for output in model.graph.outputs { try markOutput(output, scope: scope) }
        return context.graph
    }

    private mutating func addConstants(to scope: inout Scope) throws(ImportError) {
        let used = usedNames()
        for initializer in model.graph.initializers where used.contains(initializer.name) {
            switch initializer.content {
            case .tensor(let tensor):
                scope[initializer.name] = context.graph.addConstant(tensor, name: initializer.name)
            case .unsupported(let what):
                throw .unsupportedValue(name: initializer.name, got: what, expected: "a tensor of numbers or bools")
            }
        }
    }

    private func usedNames() -> Set<String> {
        var names = Set(model.graph.outputs.map(\.name))
        for node in model.graph.nodes { names.formUnion(node.inputs) }
        // An input of which an initializer is the default value stays a constant even if nothing reads it.
        names.formUnion(model.graph.inputs.map(\.name))
        return names
    }

    private mutating func addInput(_ input: ValueInfoProto, to scope: inout Scope) throws(ImportError) {
        switch input.type {
        case .missing:
            throw .unsupportedValue(name: input.name, got: "an input without a type", expected: "a tensor type")
        case .unsupported(let kind):
            throw .unsupportedValue(name: input.name, got: kind, expected: "a tensor")
        case .tensor(let elementType, let dimensions):
            guard let type = UInt8(exactly: elementType).flatMap(DataType.init(rawValue:)) else {
                throw .unsupportedValue(
                    name: input.name,
                    got: "element type \(elementTypeName(elementType))",
                    expected: "numbers or bools"
                )
            }
            guard let dimensions else {
                throw .unsupportedValue(name: input.name, got: "an input of unknown rank", expected: "a declared rank")
            }
            guard Shape(checking: dimensions.compactMap(\.extent)) != nil else {
                throw .unsupportedValue(name: input.name, got: "extents \(dimensions)", expected: "a smaller tensor")
            }
            scope[input.name] = context.graph.addInput(input.name, type, dimensions)
        }
    }

    /// Gives the value its binding name: by renaming, or by an `Identity` where the value has a name of its own.
    private mutating func markOutput(_ output: ValueInfoProto, scope: Scope) throws(ImportError) {
        if case .unsupported(let kind) = output.type {
            throw .unsupportedValue(name: output.name, got: kind, expected: "a tensor")
        }
        guard let known = scope[output.name], var value = known else {
            throw .undefinedValue(node: "network output", value: output.name)
        }
        if context.graph[value].producer == nil || context.graph.outputs.contains(value) {
            // The output is an input, a constant, or another output as well: those keep their names, a constant has none.
            if context.graph[value].constant != nil, context.graph[value].name == output.name {
                context.graph.rename(value, to: "\(output.name).source")
            }
            value = context.graph.append(Identity(), value, name: output.name)
        } else if context.graph[value].name != output.name {
            context.graph.rename(value, to: output.name)
        }
        if case .tensor(let elementType, _) = output.type, context.graph[value].producer != nil {
            context.graph[value].dataType = UInt8(exactly: elementType).flatMap(DataType.init(rawValue:))
        }
        context.graph.markOutput(value)
    }

    // MARK: - Nodes

    /// Imports the nodes of the main graph or of a function body.
    ///
    /// - Parameters:
    ///   - prefix: put before names, to tell the bodies of several calls of one function apart.
    ///   - callers: the functions whose bodies enclose the nodes.
    mutating func importNodes(
        _ nodes: [NodeProto],
        opsets: [String: Int],
        prefix: String,
        scope: inout Scope,
        callers: [FunctionKey]
    ) throws(ImportError) {
        for index in try TopologicalOrder(nodes, known: scope).indices {
            var node = nodes[index]
            var inputs: [Graph.ValueID?] = []
            inputs.reserveCapacity(node.inputs.count)
            for name in node.inputs {
                guard !name.isEmpty else {
                    inputs.append(nil)
                    continue
                }
                guard let value = scope[name] else { throw .undefinedValue(node: node.displayName, value: name) }
                inputs.append(value)
            }
            let names = node.outputs
            if !prefix.isEmpty {
                node.name = "\(prefix)\(node.displayName)"
                node.outputs = names.map { $0.isEmpty ? "" : prefix + $0 }
            }
            let outputs = try importNode(node, opsets: opsets, inputs: inputs, callers: callers)
            for (name, value) in zip(names, outputs) where !name.isEmpty {
                guard scope.updateValue(value, forKey: name) == nil else {
                    throw .duplicateValue(node: node.displayName, value: name)
                }
            }
        }
    }

    private mutating func importNode(
        _ node: NodeProto,
        opsets: [String: Int],
        inputs: [Graph.ValueID?],
        callers: [FunctionKey]
    ) throws(ImportError) -> [Graph.ValueID?] {
        let domain = node.domain == "ai.onnx" ? "" : node.domain
        guard let importer = importers.importer(for: node.operatorType, domain: domain) else {
            return try inlineFunction(node, inputs: inputs, callers: callers)
        }
        context.node = node
        context.opset = opsets[domain] ?? 1
        context.inputs = inputs
        context.outputs = [Graph.ValueID?](repeating: nil, count: node.outputs.count)
        if context.opset < 7, domain.isEmpty { try alignBroadcast() }
        try importer(&context)
        guard context.outputs.count == node.outputs.count else {
            throw context.unsupported("\(node.outputs.count) outputs", expected: "\(context.outputs.count)")
        }
        return context.outputs
    }

    /// Before opset 7 the second operand could be broadcast along an axis of the first that the node named: rewrites
    /// that to today's rule, which aligns the last axes.
    private mutating func alignBroadcast() throws(ImportError) {
        guard try context.bool("broadcast", default: false), let axis = try context.integer("axis") else { return }
        guard let first = context.input(0).flatMap({ context.graph[$0].dimensions }), let second = context.input(1),
            let rank = context.graph[second].dimensions?.count, axis >= 0, axis + rank <= first.count
        else {
            throw context.unsupported("operands broadcast along axis \(axis)", expected: "opset 7 or later")
        }
        guard axis + rank < first.count else { return }
        guard let tensor = context.graph[second].constant else {
            throw context.unsupported("a computed operand broadcast along axis \(axis)", expected: "opset 7 or later")
        }
        let shape = Shape(tensor.shape.extents + [Int](repeating: 1, count: first.count - axis - rank))
        context.inputs[1] = context.addConstant(tensor.reshaped(to: shape))
    }
}

extension NodeProto {
    /// The node's name, or its first output's when it has none.
    var displayName: String {
        name.isEmpty ? outputs.first { !$0.isEmpty } ?? operatorType : name
    }
}
