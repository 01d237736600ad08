// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct FuseElementwiseTests {
    @Test func activationAndResidualBecomeStagesOfTheLaterConvolution() throws {
        var generator = SeededRandom(seed: 1)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [1, 2, 5, 5])
        let w = graph.addConstant(generator.tensor([2, 2, 3, 3]), name: "w")
        let a = graph.append(Conv(), x, w, name: "a")
        let b = graph.append(Conv(), x, w, name: "b")
        let c = graph.append(Sub(), a, b, name: "c")
        graph.markOutput(graph.append(Relu(), c, name: "y"))
        let after = try applyPass(.fuseElementwise, to: graph)
        let fused =
            "Alula.Fused{operandInputs: [2, -1], operators: [Conv + Sub + Relu], producerInputCount: 2, "
            + "reversed: [1, 0]}"
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [1, 2, 5, 5]
                  constant w: float32 [2, 2, 3, 3]
                  a = Conv(x, w)
                  y = \(fused)(x, w, a)  "b + c + y"
                  output y

                """
        )
    }

    @Test func elementwiseChainsFuseAmongThemselvesWhileTheShapeStays() throws {
        var generator = SeededRandom(seed: 2)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [3, 1])
        let c = graph.addConstant(generator.tensor([1]), name: "c")
        let a = graph.append(Mul(), x, c, name: "a")
        let b = graph.append(Sigmoid(), a, name: "b")
        let wide = graph.addConstant(generator.tensor([3, 4]), name: "wide")
        let d = graph.append(Add(), b, wide, name: "d")
        graph.markOutput(graph.append(Tanh(), d, name: "y"))
        let after = try applyPass(.fuseElementwise, to: graph)
        #expect(after.nodes.map { after[$0].name } == ["a + b", "d + y"])
    }

    @Test func outputsAndSharedValuesAreNotFusedAway() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [3])
        let a = graph.append(Relu(), x, name: "a")
        graph.markOutput(a)
        let b = graph.append(Sigmoid(), a, name: "b")
        graph.markOutput(graph.append(Mul(), b, b, name: "y"))
        let after = try applyPass(.fuseElementwise, to: graph)
        #expect(after.nodes.count == 3)
    }

    @Test func stagesMustKeepTheShapeForAllAcceptedInputs() throws {
        var graph = Graph()
        // Equal to [1, 3] only for N = 1.
        let x = graph.addInput("x", .float32, [1, 3])
        let y = graph.addInput("y", .float32, [.symbolic("N"), 3])
        let a = graph.append(Relu(), x, name: "a")
        graph.markOutput(graph.append(Add(), a, y, name: "z"))
        var configuration = BuilderConfiguration()
        configuration.profiles = [
            OptimizationProfile(["y": .init(min: [1, 3], opt: [1, 3], max: [2, 3])])
        ]
        let inputs = [Tensor(zeros: .float32, shape: [1, 3]), Tensor(zeros: .float32, shape: [2, 3])]
        let after = try applyPass(.fuseElementwise, to: graph, configuration: configuration, inputs: inputs)
        #expect(after.nodes.count == 2)
    }

    @Test func integersAreLeftAlone() throws {
        var graph = Graph()
        let x = graph.addInput("x", .int64, [2])
        let a = graph.append(Add(), x, x, name: "a")
        graph.markOutput(graph.append(Relu(), a, name: "y"))
        let inputs = [Tensor([1, -2] as [Int64], shape: [2])]
        let after = try applyPass(.fuseElementwise, to: graph, inputs: inputs)
        #expect(after.nodes.count == 2)
    }
}
