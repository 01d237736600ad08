// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph

extension GraphPass {
    /// Drops outputs nobody reads, such as the mask of a dropout or the indices of a pooling, so that nothing computes
    /// or stores them.
    package static let removeUnusedOutputs = GraphPass(name: "remove-unused-outputs") {
        graph,
        context throws(BuilderError) in
        let uses = graph.uses()
        for id in graph.nodes {
            for (position, output) in graph[id].outputs.enumerated() {
                guard let output, uses[output] == nil, !graph.isOutput(output) else { continue }
                graph.dropOutput(position, of: id)
                context.note("dropped output \(position) of '\(graph[id].name)'")
            }
        }
        graph.removeDeadNodes()
    }
}
