// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Computes nodes whose outputs never change: all inputs are constants, or only the inputs' types matter and those
    /// are fixed.
    ///
    /// Results above ``PassContext/maxFoldedByteCount`` stay nodes unless they are smaller than what they are made from.
    package static let foldConstants = GraphPass(name: "fold-constants") { graph, context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard !node.outputs.contains(where: { $0.map(graph.isOutput) ?? false }),
                let values = try foldedOutputs(node, graph, types, context)
            else { continue }
            graph.remove(id)
            for (output, value) in zip(node.outputs, values) {
                guard let output, let value else { continue }
                graph.makeConstant(output, value)
            }
            context.note("computed '\(node.name)' (\(node.operation.name))")
        }
        graph.removeDeadNodes()
    }

    private static func foldedOutputs(
        _ node: Graph.Node,
        _ graph: Graph,
        _ types: InferredTypes,
        _ context: PassContext
    ) throws(BuilderError) -> [Tensor?]? {
        var inputs: [OperatorInput?] = []
        for input in node.inputs {
            guard let input else {
                inputs.append(nil)
                continue
            }
            if let constant = graph[input].constant {
                inputs.append(OperatorInput(constant))
            } else if let type = types.staticType(of: input) {
                inputs.append(OperatorInput(type))
            } else {
                return nil
            }
        }
        do {
            if let known = try node.operation.outputsKnownFromTypes(inputs) { return known }
            guard inputs.allSatisfy({ $0.map { $0.value != nil } ?? true }) else { return nil }
            let outputs = try node.operation.inferOutputs(inputs)
            let sourceBytes = inputs.reduce(0) { $0 + ($1?.type.byteCount ?? 0) }
            let foldedBytes = outputs.reduce(0) { $0 + $1.byteCount }
            guard foldedBytes <= max(context.maxFoldedByteCount, sourceBytes) else { return nil }
            let results = zip(node.outputs, outputs).map { output, type in
                output.map { _ in Tensor(zeros: type.dataType, shape: type.shape) }
            }
            try node.operation.evaluate(inputs.map { $0?.value }, into: results)
            return results
        } catch .valueRequired {
            return nil
        } catch {
            throw .invalidNode(node: node.name, operator: node.operation.name, shapes: "constant inputs", error)
        }
    }
}
