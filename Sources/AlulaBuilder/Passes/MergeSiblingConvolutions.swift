// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Makes one convolution of several 1×1 convolutions of one tensor, and a `Split` of its output.
    ///
    /// The tensor is then read once. Only where cutting the output costs little: pieces of whole vectors, which stay where
    /// they are, or few channels made of many, as in the heads of detectors.
    package static let mergeSiblingConvolutions = GraphPass(
        name: "merge-sibling-convolutions"
    ) { graph, context throws(BuilderError) in
        var groups: [SiblingKey: [Graph.NodeID]] = [:]
        var order: [SiblingKey] = []
        for id in graph.nodes {
            guard let key = SiblingKey(graph[id], graph) else { continue }
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(id)
        }
        for key in order {
            guard let siblings = groups[key], siblings.count > 1, paysOff(siblings, graph) else { continue }
            context.note(
                "merged \(siblings.map { "'\(graph[$0].name)'" }.joined(separator: ", ")) into one convolution"
            )
            merge(siblings, in: &graph)
        }
    }

    /// Channels a vector of any target fits into a whole number of times.
    private static let alignedChannelCount = 16

    private static func paysOff(_ siblings: [Graph.NodeID], _ graph: Graph) -> Bool {
        let shapes = siblings.compactMap { graph.constant(1, graph[$0])?.shape }
        let counts = shapes.map { $0[0] }
        let isAligned = counts.dropLast().allSatisfy { $0 % alignedChannelCount == 0 }
        return isAligned || counts.reduce(0, +) * 2 <= shapes[0][1]
    }

    private static func merge(_ siblings: [Graph.NodeID], in graph: inout Graph) {
        let first = graph[siblings[0]]
        let weights = siblings.compactMap { graph.constant(1, graph[$0]) }
        let biases = siblings.compactMap { graph.constant(2, graph[$0]) }
        let name = siblings.map { graph[$0].name }.joined(separator: " & ")
        var inputs = [first.inputs[0], graph.addConstant(joined(weights), name: name + ".weights")]
        if biases.count == siblings.count { inputs.append(graph.addConstant(joined(biases), name: name + ".bias")) }
        let merged = graph.insert(first.operation, inputs, before: siblings[0], name: name)
        let pieces = Tensor(weights.map { Int64($0.shape[0]) }, shape: [weights.count])
        graph.moveOutputs(of: Array(siblings.dropFirst()), to: siblings[0])
        graph.update(
            siblings[0],
            operation: Split(axis: 1, outputCount: siblings.count),
            inputs: [merged, graph.addConstant(pieces, name: name + ".pieces")],
            name: name + ".split"
        )
    }

    /// Float tensors one behind the other along their first axis.
    private static func joined(_ tensors: [Tensor]) -> Tensor {
        var extents = tensors[0].shape.extents
        extents[0] = tensors.reduce(0) { $0 + $1.shape[0] }
        return Tensor(tensors.flatMap { $0.elements(as: Float.self) }, shape: Shape(extents))
    }

    /// What convolutions share that can be merged.
    private struct SiblingKey: Hashable {
        var operation: OperatorDescription
        var input: Graph.ValueID
        var hasBias: Bool

        /// Nil for anything but a 1×1 convolution of one group with constant float32 weights and stages that need no operand.
        init?(_ node: Graph.Node, _ graph: Graph) {
            let fused = node.operation as? Fused
            guard let conv = (fused?.producer ?? node.operation) as? Conv, conv.group == 1,
                let input = node.inputs.first ?? nil, graph.onlyOutput(node) != nil,
                fused?.stages.allSatisfy({ $0.operandInput == nil }) ?? true,
                let weights = graph.constant(1, node), weights.dataType == .float32, weights.shape.rank == 4,
                weights.shape[2] == 1, weights.shape[3] == 1
            else { return nil }
            hasBias = node.inputs.count > 2 && node.inputs[2] != nil
            guard !hasBias || graph.constant(2, node)?.dataType == .float32 else { return nil }
            operation = node.operation.described
            self.input = input
        }
    }
}
