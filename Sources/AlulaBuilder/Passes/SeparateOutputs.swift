// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators

extension GraphPass {
    /// Gives every network output a node of its own that writes it: a copy where the output is an input or a
    /// constant.
    package static let separateOutputs = GraphPass(name: "separate-outputs") { graph, context throws(BuilderError) in
        for (index, output) in graph.outputs.enumerated() where graph[output].producer == nil {
            let name = graph[output].name
            let copy = graph.append(Identity(), output, name: name + ".copy")
            graph.setOutput(index, to: copy)
            if graph[output].constant != nil {
                // A constant gives its name away; an input keeps its own, since both are bindings.
                graph.rename(output, to: name + ".source")
                graph.rename(copy, to: name)
            }
            context.note("copied '\(name)' to its output")
        }
    }
}
