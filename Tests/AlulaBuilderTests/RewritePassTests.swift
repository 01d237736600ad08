// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct RewritePassTests {
    // MARK: - Transposes

    @Test func inversePairsCancelAndOthersCompose() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 4])
        let a = graph.append(Transpose(permutation: [1, 2, 0]), x, name: "a")
        let b = graph.append(Transpose(permutation: [2, 0, 1]), a, name: "b")
        graph.markOutput(graph.append(Softmax(), b, name: "y"))
        graph.markOutput(graph.append(Transpose(permutation: [0, 2, 1]), a, name: "z"))
        let after = try applyPass(.foldTransposes, to: graph)
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [2, 3, 4]
                  y = Softmax{axis: -1, spansTrailingAxes: 0}(x)
                  z = Transpose{perm: [1, 0, 2]}(x)
                  output y
                  output z

                """
        )
    }

    @Test func transposesMoveBehindElementwiseOperatorsAndCancel() throws {
        var generator = SeededRandom(seed: 1)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [1, 2, 3, 4])
        let y = graph.addInput("y", .float32, [1, 2, 3, 4])
        let order = [0, 2, 3, 1]
        let a = graph.append(Transpose(permutation: order), x, name: "a")
        let b = graph.append(Transpose(permutation: order), y, name: "b")
        let sum = graph.append(Add(), a, b, name: "sum")
        let scale = graph.addConstant(generator.tensor([2]), name: "scale")
        let scaled = graph.append(Mul(), sum, scale, name: "scaled")
        let active = graph.append(Relu(), scaled, name: "active")
        let back = graph.append(Transpose(permutation: [0, 3, 1, 2]), active, name: "back")
        graph.markOutput(graph.append(Identity(), back, name: "z"))
        let after = try applyPass(.foldTransposes, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Add", "Mul", "Relu", "Identity"])
    }

    @Test func transposedOperandsBecomeFlagsOfGemm() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [4, 3])
        let y = graph.addInput("y", .float32, [5, 4])
        let a = graph.append(Transpose(), x, name: "a")
        let b = graph.append(Transpose(permutation: [1, 0]), y, name: "b")
        graph.markOutput(graph.append(Gemm(), a, b, name: "z"))
        let after = try applyPass(.foldTransposes, to: graph)
        #expect(after.nodes.count == 1)
        let gemm = try #require(after[after.nodes[0]].operation as? Gemm)
        #expect(gemm.isSrcTransposed && gemm.isWeightsTransposed)
    }

    // MARK: - Activations

    @Test func productsWithAGateAreRecognised() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 8])
        let silu = graph.append(Mul(), x, graph.append(Sigmoid(), x, name: "s"), name: "silu")
        let hard = graph.append(HardSigmoid(alpha: 1 / 6, beta: 0.5), silu, name: "h")
        let swish = graph.append(Mul(), hard, silu, name: "swish")
        let soft = graph.append(Tanh(), graph.append(Softplus(), swish, name: "p"), name: "t")
        graph.markOutput(graph.append(Mul(), swish, soft, name: "y"))
        let after = try applyPass(.recogniseActivations, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Swish", "HardSwish", "Mish"])
    }

    @Test(arguments: 0..<3)
    func geluIsRecognisedInEveryOrderOfItsProducts(variant: Int) throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 8])
        func number(_ value: Float) -> Graph.ValueID { graph.addConstant(Tensor(scalar: value), name: "c") }
        let scaled =
            variant == 0
            ? graph.append(Div(), x, number(1.414_213_5), name: "scaled")
            : graph.append(Mul(), number(0.707_106_77), x, name: "scaled")
        let gate = graph.append(Add(), graph.append(Erf(), scaled, name: "erf"), number(1), name: "gate")
        switch variant {
        case 0: graph.markOutput(graph.append(Mul(), graph.append(Mul(), x, gate, name: "p"), number(0.5), name: "y"))
        case 1: graph.markOutput(graph.append(Mul(), graph.append(Mul(), number(0.5), x, name: "p"), gate, name: "y"))
        default: graph.markOutput(graph.append(Mul(), x, graph.append(Mul(), gate, number(0.5), name: "p"), name: "y"))
        }
        let after = try applyPass(.recogniseActivations, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Gelu"])
    }

    @Test(arguments: [false, true])
    func approximateGeluIsRecognised(usesPower: Bool) throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 8])
        func number(_ value: Float) -> Graph.ValueID { graph.addConstant(Tensor(scalar: value), name: "c") }
        let half = graph.append(Mul(), x, number(0.5), name: "half")
        let cube =
            usesPower
            ? graph.append(Pow(), x, number(3), name: "cube")
            : graph.append(Mul(), graph.append(Mul(), x, x, name: "square"), x, name: "cube")
        let small = graph.append(Mul(), cube, number(0.044_715), name: "small")
        let scaled = graph.append(Mul(), graph.append(Add(), x, small, name: "s"), number(0.797_884_6), name: "scaled")
        let gate = graph.append(Add(), graph.append(Tanh(), scaled, name: "tanh"), number(1), name: "gate")
        graph.markOutput(graph.append(Mul(), half, gate, name: "y"))
        let after = try applyPass(.recogniseActivations, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Gelu"])
        #expect((after[after.nodes[0]].operation as? Gelu)?.usesTanh == true)
    }

    // MARK: - Arithmetic

    @Test func powersWithSmallExponentsAreReplaced() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 8])
        func number(_ value: Float) -> Graph.ValueID { graph.addConstant(Tensor(scalar: value), name: "c") }
        let square = graph.append(Pow(), x, number(2), name: "square")
        let inverse = graph.append(Pow(), graph.append(Exp(), square, name: "e"), number(-1), name: "inverse")
        let root = graph.append(Pow(), inverse, number(0.5), name: "root")
        graph.markOutput(graph.append(Pow(), root, number(1.5), name: "y"))
        let after = try applyPass(.simplifyArithmetic, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Mul", "Exp", "Reciprocal", "Sqrt", "Pow"])
    }

    @Test func layerNormalizationIsRecognisedOverTheLastAxisOnly() throws {
        for (axis, expected) in [(-1, ["LayerNormalization"]), (1, nil)] as [(Int64, [String]?)] {
            var generator = SeededRandom(seed: 3)
            var graph = Graph()
            let x = graph.addInput("x", .float32, [2, 6, 6])
            func add(_ tensor: Tensor) -> Graph.ValueID { graph.addConstant(tensor, name: "c") }
            let axes = add(Tensor([axis], shape: [1]))
            let centred = graph.append(Sub(), x, graph.append(ReduceMean(), x, axes, name: "m"), name: "centred")
            let square = graph.append(Pow(), centred, add(Tensor(scalar: Float(2))), name: "square")
            let variance = graph.append(ReduceMean(), square, axes, name: "variance")
            let shifted = graph.append(Add(), variance, add(Tensor(scalar: Float(1e-5))), name: "shifted")
            let unit = graph.append(Div(), centred, graph.append(Sqrt(), shifted, name: "root"), name: "unit")
            let scaled = graph.append(Mul(), unit, add(generator.tensor([6])), name: "scaled")
            graph.markOutput(graph.append(Add(), scaled, add(generator.tensor([6])), name: "y"))
            let after = try applyPass(.simplifyArithmetic, to: graph)
            let names = after.nodes.map { after[$0].operation.name }
            #expect(expected.map { $0 == names } ?? !names.contains("LayerNormalization"))
        }
    }

    /// In every spelling of the quotient, over the last axis only.
    @Test(arguments: 0..<4, [-1, 1] as [Int64])
    func rootMeanSquareNormalizationIsRecognised(variant: Int, axis: Int64) throws {
        var generator = SeededRandom(seed: 4)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 6, 6])
        func add(_ tensor: Tensor) -> Graph.ValueID { graph.addConstant(tensor, name: "c") }
        let square =
            variant == 0
            ? graph.append(Pow(), x, add(Tensor(scalar: Float(2))), name: "square")
            : graph.append(Mul(), x, x, name: "square")
        let mean = graph.append(ReduceMean(), square, add(Tensor([axis], shape: [1])), name: "mean")
        let root = graph.append(
            Sqrt(),
            graph.append(Add(), mean, add(Tensor(scalar: Float(1e-5))), name: "shifted"),
            name: "root"
        )
        let unit: Graph.ValueID
        switch variant {
        case 0: unit = graph.append(Div(), x, root, name: "unit")
        case 1: unit = graph.append(Mul(), x, graph.append(Reciprocal(), root, name: "i"), name: "unit")
        default:
            let inverse = graph.append(Div(), add(Tensor(scalar: Float(1))), root, name: "inverse")
            unit = graph.append(Mul(), inverse, x, name: "unit")
        }
        let scale = add(generator.tensor([6]))
        graph.markOutput(
            variant == 3 ? graph.append(Mul(), scale, unit, name: "y") : graph.append(Mul(), unit, scale, name: "y")
        )
        let after = try applyPass(.recogniseRootMeanSquares, to: graph)
        let names = after.nodes.map { after[$0].operation.name }
        #expect((names == ["RMSNormalization"]) == (axis == -1))
    }

    // MARK: - Everything together

    @Test func theStandardPassesLeaveOneStepOfAConvolutionalBlock() throws {
        var generator = SeededRandom(seed: 9)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [1, 3, 6, 6])
        let a = graph.append(Conv(), x, graph.addConstant(generator.tensor([3, 3, 1, 1]), name: "w"), name: "conv")
        let constants = [
            generator.tensor([3]), generator.tensor([3]), generator.tensor([3]), generator.tensor([3], in: 1...2),
        ].map { graph.addConstant($0, name: "bn.constant") }
        let b = graph.append(BatchNormalization(), inputs: [a] + constants, outputNames: ["bn"])[0]
        let c = graph.append(Mul(), b, graph.append(Sigmoid(), b, name: "gate"), name: "silu")
        let d = graph.append(Add(), c, x, name: "residual")
        graph.markOutput(graph.append(Identity(), d, name: "y"))
        let (plan, report) = try Builder().buildWithReport(graph)
        #expect(plan.steps.map(\.name) == ["conv + bn + silu + residual"])
        #expect(report.steps.map(\.operatorName) == ["Conv + Swish + Add"])
        #expect(report.referenceSteps.isEmpty)
        let optimized = try Builder().optimize(graph).graph
        let input = generator.tensor([1, 3, 6, 6])
        let (got, expected) = try (evaluate(optimized, [input]), evaluate(graph, [input]))
        for (left, right) in zip(got[0].doubles(), expected[0].doubles()) { #expect(abs(left - right) < 1e-5) }
    }
}
