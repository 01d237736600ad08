// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// Runs a graph with the scalar references; missing inputs and failing rules fail the test.
func evaluate(_ graph: Graph, _ inputs: [Tensor]) throws -> [Tensor] {
    var values: [Graph.ValueID: Tensor] = [:]
    for (id, tensor) in zip(graph.inputs, inputs) { values[id] = tensor }
    func value(_ id: Graph.ValueID) throws -> Tensor { try #require(values[id] ?? graph[id].constant) }
    for id in graph.nodes {
        let node = graph[id]
        let sources = try node.inputs.map { input in try input.map { try value($0) } }
        let types = try node.operation.inferOutputs(sources.map { $0.map { OperatorInput($0) } })
        let results = zip(node.outputs, types).map { output, type in
            output.map { _ in Tensor(zeros: type.dataType, shape: type.shape) }
        }
        try node.operation.evaluate(sources, into: results)
        for (output, result) in zip(node.outputs, results) { if let output { values[output] = result } }
    }
    return try graph.outputs.map { try value($0) }
}

extension SeededRandom {
    /// A tensor of uniform random numbers.
    mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
        Tensor((0..<shape.elementCount).map { _ in Float.random(in: range, using: &self) }, shape: shape)
    }
}

/// Runs one pass over `graph`, checks that the result is what it was within rounding, and returns the graph after.
///
/// - Parameter inputs: one tensor a graph input; nil draws random float tensors of the declared shapes.
func applyPass(
    _ pass: GraphPass,
    to graph: Graph,
    configuration: BuilderConfiguration = BuilderConfiguration(),
    inputs: [Tensor]? = nil,
    tolerance: Float = 1e-5
) throws -> Graph {
    var configuration = configuration
    configuration.passes = [pass]
    let after = try Builder(configuration).optimize(graph).graph
    var generator = SeededRandom(seed: 7)
    let inputs =
        inputs
        ?? graph.inputs.map { id in
            generator.tensor(Shape((graph[id].dimensions ?? []).map { $0.extent ?? 2 }))
        }
    let expected = try evaluate(graph, inputs)
    let got = try evaluate(after, inputs)
    try #require(got.count == expected.count)
    for (left, right) in zip(got, expected) {
        #expect(left.type == right.type)
        for (a, b) in zip(left.doubles(), right.doubles()) {
            #expect(abs(a - b) <= Double(tolerance) * max(1, abs(b)))
        }
    }
    #expect(after.outputs.map { after[$0].name } == graph.outputs.map { graph[$0].name })
    return after
}

extension Builder {
    /// A builder that runs one pass.
    init(only pass: GraphPass) {
        var configuration = BuilderConfiguration()
        configuration.passes = [pass]
        self.init(configuration)
    }
}
