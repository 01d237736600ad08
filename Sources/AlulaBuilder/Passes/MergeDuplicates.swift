// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Keeps one of several equal constants, and one of several nodes with equal operator and inputs.
    package static let mergeDuplicates = GraphPass(name: "merge-duplicates") { graph, context throws(BuilderError) in
        mergeConstants(&graph, &context)
        mergeNodes(&graph, &context)
        graph.removeDeadNodes()
    }

    /// Constants up to this size are compared; equal weights of whole layers are rare and hashing them is not free.
    private static let comparedByteCount = 64 << 10

    private static func mergeConstants(_ graph: inout Graph, _ context: inout PassContext) {
        var groups: [ConstantKey: Graph.ValueID] = [:]
        var replaced: [Graph.ValueID: Graph.ValueID] = [:]
        for id in graph.nodes {
            for input in graph[id].inputs.compactMap(\.self) where replaced[input] == nil {
                guard let tensor = graph[input].constant, tensor.byteCount <= comparedByteCount else { continue }
                let kept = groups[ConstantKey(tensor), default: input]
                groups[ConstantKey(tensor)] = kept
                if kept != input { replaced[input] = kept }
            }
        }
        guard !replaced.isEmpty else { return }
        for id in graph.nodes {
            for (position, input) in graph[id].inputs.enumerated() {
                if let input, let kept = replaced[input] { graph.setInput(position, of: id, to: kept) }
            }
        }
        context.note("merged \(replaced.count) equal constants")
    }

    private static func mergeNodes(_ graph: inout Graph, _ context: inout PassContext) {
        var groups: [NodeKey: Graph.NodeID] = [:]
        for id in graph.nodes {
            let node = graph[id]
            let key = NodeKey(operation: node.operation.described, inputs: node.inputs, outputs: node.outputs)
            guard let first = groups[key] else {
                groups[key] = id
                continue
            }
            let pairs = zip(node.outputs, graph[first].outputs).compactMap { output, kept in
                output.flatMap { output in kept.map { (output, $0) } }
            }
            guard !pairs.contains(where: { graph.isOutput($0.0) }) else { continue }
            for (output, kept) in pairs { graph.replaceNodeUses(of: output, with: kept) }
            graph.remove(id)
            context.note("merged '\(node.name)' into '\(graph[first].name)'")
        }
    }

    /// A constant's type and bytes.
    private struct ConstantKey: Hashable {
        var type: TensorType
        var bytes: [UInt8]

        init(_ tensor: Tensor) {
            type = tensor.type
            bytes = tensor.byteArray
        }
    }

    /// What makes two nodes compute the same.
    private struct NodeKey: Hashable {
        var operation: OperatorDescription
        var inputs: [Graph.ValueID?]
        var wantedOutputs: [Bool]

        init(operation: OperatorDescription, inputs: [Graph.ValueID?], outputs: [Graph.ValueID?]) {
            self.operation = operation
            self.inputs = inputs
            wantedOutputs = outputs.map { $0 != nil }
        }
    }
}
