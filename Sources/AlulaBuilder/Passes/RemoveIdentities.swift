// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Removes nodes that copy their input: `Identity`, `Dropout` at inference, casts to the type a value has already,
    /// and reshapes, expansions, slices and pads that change nothing for any accepted shape.
    package static let removeIdentities = GraphPass(name: "remove-identities") { graph, context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard let output = node.outputs.first ?? nil, node.outputs.dropFirst().allSatisfy({ $0 == nil }),
                let input = node.inputs.first ?? nil, copiesInput(graph, node, input, output, types),
                graph.canReplace(output, with: input)
            else { continue }
            graph.remove(id)
            graph.replaceUses(of: output, with: input)
            context.note("removed '\(node.name)' (\(node.operation.name))")
        }
        graph.removeDeadNodes()
    }

    private static func copiesInput(
        _ graph: Graph,
        _ node: Graph.Node,
        _ input: Graph.ValueID,
        _ output: Graph.ValueID,
        _ types: InferredTypes
    ) -> Bool {
        switch node.operation.name {
        case "Identity":
            return true
        case "Dropout":
            // A training flag that is no constant is checked when the step runs.
            return node.inputs.count < 3 || node.inputs[2].map { graph[$0].constant != nil } ?? true
        case "Cast", "Reshape", "Flatten", "Expand", "Squeeze", "Unsqueeze":
            // Data movement that keeps the type keeps every element in place. The type must be the same for all
            // accepted shapes, not only at the probes.
            guard let type = types.staticType(of: input) else {
                guard let source = types.types(of: input)?.first else { return false }
                return node.operation.name == "Cast" && source.dataType == types.dataType(of: output)
            }
            return type == types.staticType(of: output)
        default:
            return false
        }
    }
}
