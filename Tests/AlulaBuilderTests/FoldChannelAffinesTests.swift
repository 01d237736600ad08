// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// Constants of a batch normalization of `channels` channels.
private func normalization(_ channels: Int, _ graph: inout Graph, _ generator: inout SeededRandom) -> [Graph.ValueID] {
    [
        graph.addConstant(generator.tensor([channels]), name: "scale"),
        graph.addConstant(generator.tensor([channels]), name: "shift"),
        graph.addConstant(generator.tensor([channels]), name: "mean"),
        graph.addConstant(generator.tensor([channels], in: 0.5...2), name: "variance"),
    ]
}

@Suite struct FoldChannelAffinesTests {
    @Test func batchNormalizationFoldsIntoTheConvolution() throws {
        var generator = SeededRandom(seed: 1)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 5, 5])
        let w = graph.addConstant(generator.tensor([4, 3, 3, 3]), name: "w")
        let a = graph.append(Conv(), x, w, name: "a")
        let constants = normalization(4, &graph, &generator)
        let inputs = [a] + constants
        graph.markOutput(graph.append(BatchNormalization(), inputs: inputs, outputNames: ["y"])[0] ?? a)
        let after = try applyPass(.foldChannelAffines, to: graph)
        #expect(
            after.description.split(separator: "\n").filter { !$0.contains("a.bias:") }
                == """
                graph "network"
                  input x: float32 [2, 3, 5, 5]
                  constant a.weights: float32 [4, 3, 3, 3]
                  y = Conv(x, a.weights, a.bias)  "a + y"
                  output y
                """.split(separator: "\n")
        )
    }

    @Test func scalesAndShiftsOfConvTransposeAndGemmFold() throws {
        var generator = SeededRandom(seed: 2)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [1, 4, 3, 3])
        let w = graph.addConstant(generator.tensor([4, 3, 2, 2]), name: "w")
        let bias = graph.addConstant(generator.tensor([6]), name: "b")
        let a = graph.append(ConvTranspose(group: 2), x, w, bias, name: "a")
        let factors = graph.addConstant(generator.tensor([6, 1, 1]), name: "f")
        let b = graph.append(Mul(), factors, a, name: "b1")
        let one = graph.addConstant(Tensor([2] as [Float], shape: [1]), name: "one")
        let c = graph.append(Sub(), one, b, name: "c")
        graph.markOutput(graph.append(Div(), c, one, name: "y"))
        let z = graph.addInput("z", .float32, [3, 4])
        let v = graph.addConstant(generator.tensor([5, 4]), name: "v")
        let d = graph.append(Gemm(alpha: 2, isWeightsTransposed: true), z, v, name: "d")
        let e = graph.append(Mul(), d, graph.addConstant(generator.tensor([5]), name: "g"), name: "e")
        graph.markOutput(graph.append(Add(), e, graph.addConstant(generator.tensor([1, 5]), name: "h"), name: "u"))
        let after = try applyPass(.foldChannelAffines, to: graph)
        #expect(after.nodes.map { after[$0].name } == ["a + b1 + c + y", "d + e + u"])
    }

    @Test func normalizationsWithoutAProducerBecomeAProductAndASum() throws {
        var generator = SeededRandom(seed: 3)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 2, 2])
        let inputs = [x] + normalization(3, &graph, &generator)
        graph.markOutput(graph.append(BatchNormalization(), inputs: inputs, outputNames: ["y"])[0] ?? x)
        let after = try applyPass(.foldChannelAffines, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Mul", "Add"])
    }

    @Test func sharedValuesEnlargingOperandsAndOtherAxesStay() throws {
        var generator = SeededRandom(seed: 4)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [1, 2, 3, 3])
        let w = graph.addConstant(generator.tensor([3, 2, 1, 1]), name: "w")
        let shared = graph.append(Conv(), x, w, name: "shared")
        graph.markOutput(shared)
        graph.markOutput(
            graph.append(Mul(), shared, graph.addConstant(generator.tensor([3, 1, 1]), name: "f"), name: "y1")
        )
        let columns = graph.append(Conv(), x, w, name: "columns")
        graph.markOutput(
            graph.append(Mul(), columns, graph.addConstant(generator.tensor([3]), name: "row"), name: "y2")
        )
        let larger = graph.append(Conv(), x, w, name: "larger")
        let batch = graph.addConstant(generator.tensor([2, 1, 1, 1]), name: "batch")
        graph.markOutput(graph.append(Mul(), larger, batch, name: "y3"))
        let divided = graph.append(Conv(), x, w, name: "divided")
        let zero = graph.addConstant(Tensor([1, 0, 2] as [Float], shape: [3, 1, 1]), name: "zero")
        graph.markOutput(graph.append(Div(), divided, zero, name: "y4"))
        let after = try Builder(only: .foldChannelAffines).optimize(graph).graph
        #expect(after.nodes.count == graph.nodes.count)
    }
}
