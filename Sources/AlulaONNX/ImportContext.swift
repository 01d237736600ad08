// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaOperators
package import AlulaTensor

/// What an operator's importer sees and does: one ONNX node in, graph nodes out.
///
/// The context hides names, subgraphs and function inlining: importers see values and typed attributes only.
package struct ImportContext {
    /// The graph under construction.
    package var graph: Graph
    /// The node being imported.
    package var node: NodeProto
    /// The opset version of the node's domain, e.g. 17.
    package var opset: Int
    /// The node's inputs as graph values; nil where omitted (an empty name or past the end).
    package var inputs: [Graph.ValueID?]
    /// The values bound to the node's outputs so far, by output position.
    package var outputs: [Graph.ValueID?]

    /// A context for `node`.
    package init(graph: Graph, node: NodeProto, opset: Int, inputs: [Graph.ValueID?]) {
        self.graph = graph
        self.node = node
        self.opset = opset
        self.inputs = inputs
        outputs = [Graph.ValueID?](repeating: nil, count: node.outputs.count)
    }

    // MARK: - Inputs

    /// Input `index`; nil when omitted.
    package func input(_ index: Int) -> Graph.ValueID? { index < inputs.count ? inputs[index] : nil }

    /// The content of input `index` when it is a constant; nil when omitted or computed at run time.
    package func constant(_ index: Int) -> Tensor? { input(index).flatMap { graph[$0].constant } }

    // MARK: - Emitting

    /// Appends the node's operator with the node's own inputs and outputs.
    package mutating func emit(_ operation: any Operator) { emit(operation, inputs: inputs) }

    /// Appends an operator whose outputs are the node's outputs.
    package mutating func emit(_ operation: any Operator, inputs: [Graph.ValueID?]) {
        let names = node.outputs.map { $0.isEmpty ? nil : $0 }
        outputs = graph.append(operation, inputs: inputs, outputNames: names, name: displayName)
    }

    /// Appends an intermediate operator with one output, named after the node.
    package mutating func emitIntermediate(_ operation: any Operator, inputs: [Graph.ValueID?]) -> Graph.ValueID {
        let name = "\(displayName).\(operation.name)"
        let made = graph.append(operation, inputs: inputs, outputNames: [name], name: name)
        // `append` returns one entry per output name, and the only name is not nil.
        return made.compactMap(\.self)[0]
    }

    /// Adds a constant input, for parameters that were attributes in older opsets.
    package mutating func addConstant(_ tensor: Tensor) -> Graph.ValueID {
        graph.addConstant(tensor, name: "\(displayName).constant")
    }

    /// Binds output `index` of the node to an existing value, e.g. when the node is an identity.
    package mutating func bindOutput(_ index: Int = 0, to value: Graph.ValueID) { outputs[index] = value }

    /// The node's name, or its first output's when it has none.
    package var displayName: String {
        node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? node.operatorType : node.name
    }
}

/// Translates one ONNX node; throws a named error when a parameter or combination is not supported.
package typealias NodeImporter = @Sendable (inout ImportContext) throws(ImportError) -> Void
