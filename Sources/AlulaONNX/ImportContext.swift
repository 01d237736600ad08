// SPDX-License-Identifier: Apache-2.0

public import AlulaGraph
public import AlulaOperators
public import AlulaTensor

/// What an operator's importer sees and does: one ONNX node in, graph nodes out.
///
/// The context hides names, subgraphs and function inlining: importers see values and typed attributes only.
public struct ImportContext {
    /// The graph under construction.
    public var graph: Graph
    /// The node being imported.
    public var node: NodeProto
    /// The opset version of the node's domain, e.g. 17.
    public var opset: Int
    /// The node's inputs as graph values; nil where omitted (an empty name or past the end).
    public var inputs: [Graph.ValueID?]
    /// The values bound to the node's outputs so far, by output position.
    public var outputs: [Graph.ValueID?]

    /// A context for `node`.
    public init(graph: Graph, node: NodeProto, opset: Int, inputs: [Graph.ValueID?]) {
        self.graph = graph
        self.node = node
        self.opset = opset
        self.inputs = inputs
        outputs = [Graph.ValueID?](repeating: nil, count: node.outputs.count)
    }

    // MARK: - Inputs

    /// Input `index`; nil when omitted.
    public func input(_ index: Int) -> Graph.ValueID? { index < inputs.count ? inputs[index] : nil }

    /// The content of input `index` when it is a constant; nil when omitted or computed at run time.
    ///
    /// Sees through `Identity`, which exporters put between a shared constant and its users.
    public func constant(_ index: Int) -> Tensor? {
        var value = input(index)
        while let id = value, graph[id].constant == nil, let producer = graph[id].producer,
            graph[producer].operation is Identity
        {
            value = graph[producer].inputs.first ?? nil
        }
        return value.flatMap { graph[$0].constant }
    }

    // MARK: - Emitting

    /// Appends the node's operator with the node's own inputs and outputs.
    public mutating func emit(_ operation: any Operator) { emit(operation, inputs: inputs) }

    /// Appends an operator whose outputs are the node's outputs.
    public mutating func emit(_ operation: any Operator, inputs: [Graph.ValueID?]) {
        let names = node.outputs.map { $0.isEmpty ? nil : $0 }
        outputs = graph.append(operation, inputs: inputs, outputNames: names, name: displayName)
    }

    /// Appends an intermediate operator with one output, named after the node.
    public mutating func emitIntermediate(_ operation: any Operator, inputs: [Graph.ValueID?]) -> Graph.ValueID {
        let name = "\(displayName).\(operation.name)"
        let made = graph.append(operation, inputs: inputs, outputNames: [name], name: name)
        // `append` returns one entry per output name, and the only name is not nil.
        return made.compactMap(\.self)[0]
    }

    /// Adds a constant input, for parameters that were attributes in older opsets.
    public mutating func addConstant(_ tensor: Tensor) -> Graph.ValueID {
        graph.addConstant(tensor, name: "\(displayName).constant")
    }

    /// Binds output `index` of the node to an existing value, e.g. when the node is an identity; does nothing where the
    /// node has fewer outputs, which are then not wanted.
    public mutating func bindOutput(_ index: Int = 0, to value: Graph.ValueID) {
        if outputs.indices.contains(index) { outputs[index] = value }
    }

    /// The node's name, or its first output's when it has none.
    public var displayName: String {
        node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? node.operatorType : node.name
    }
}

/// Translates one ONNX node; throws a named error when a parameter or combination is not supported.
public typealias NodeImporter = @Sendable (inout ImportContext) throws(ImportError) -> Void
