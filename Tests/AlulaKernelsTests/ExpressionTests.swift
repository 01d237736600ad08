// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct ExpressionTests {
    /// Operand shapes: same, row, column, channel, outer axes, ranks that differ, tails, primes, whole blocks of vectors.
    private static let shapes: [(Shape, Shape)] = [
        ([1], [1]), ([7], [7]), ([15], [1]), ([16], [16]), ([17], []), ([1000], [1000]), ([70_001], [70_001]),
        ([13, 11], [11]), ([13, 11], [13, 1]), ([13, 1], [1, 11]), ([5, 64], [64]), ([5, 64], [5, 1]),
        ([3, 5, 16], [16]), ([3, 5, 16], [5, 1]), ([3, 5, 16], [3, 1, 16]), ([3, 5, 48], [3, 1, 48]),
        ([2, 8, 5, 5], [8, 1, 1]), ([2, 8, 5, 5], [2, 8, 1, 1]), ([2, 8, 5, 5], [2, 1, 5, 5]),
        ([2, 3, 4, 9], [2, 1, 1, 9]), ([1, 3, 1, 5], [2, 1, 4, 1]), ([2, 16, 3, 3], [1, 16, 1, 1]),
        ([2, 19, 3, 7], [19, 1, 1]), ([2, 19, 3, 7], [2, 19, 3, 7]), ([2, 19, 3, 7], [2, 1, 3, 7]),
        ([2, 19, 3, 7], [2, 19, 1, 1]), ([2, 32, 1, 1], [32, 1, 1]), ([2, 19, 3, 7], [7]), ([4, 1, 6], [4, 5, 6]),
        ([3, 2, 200, 70], [200, 70]), ([33, 3, 4], [3, 4]),
    ]

    private func tensor(_ shape: Shape, _ random: inout SeededRandom) -> Tensor { random.tensor(shape, in: -3...3) }

    @Test(arguments: shapes.indices, runnableTargets)
    func twoOperandsBroadcast(_ index: Int, _ target: VectorTarget) throws {
        let (left, right) = Self.shapes[index]
        var random = SeededRandom(seed: UInt64(index))
        let (a, b) = (tensor(left, &random), tensor(right, &random))
        // Large operands are there for what is cut into parts; the rest has been seen by then.
        let isLarge = max(a.elementCount, b.elementCount) > 10_000
        let operations: [any Operator] = isLarge ? [Sub()] : [Add(), Sub(), Mul(), Max(), Div()]
        for operation in operations {
            for constants in isLarge ? [[]] : [[], [1], [0]] as [Set<Int>] {
                let names = try TacticProblem(operation: operation, inputs: [a, b], constantInputs: constants)
                    .check(ExpressionKernel.tactics, target: target)
                #expect(names.contains("expression"))
                try TacticProblem(operation: operation, inputs: [b, a], constantInputs: constants)
                    .check(ExpressionKernel.tactics, target: target)
            }
        }
    }

    @Test(arguments: shapes.indices.filter { shapes[$0].0.elementCount < 1000 })
    func interpretedOperandsBroadcast(_ index: Int) throws {
        let (left, right) = Self.shapes[index]
        var random = SeededRandom(seed: UInt64(index))
        let problem = TacticProblem(operation: Sub(), inputs: [tensor(left, &random), tensor(right, &random)])
        try problem.check(try #require(ExpressionKernel.interpreted(try problem.problem(target: nil))))
    }

    /// Random chains over random operands.
    @Test(arguments: 0..<60, runnableTargets)
    func chainsMatchTheReference(_ seed: Int, _ target: VectorTarget) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let shape = Shape((0..<random.int(1...4)).map { _ in random.pick([1, 2, 3, 7, 16, 17, 33]) })
        var inputs: [Tensor?] = [tensor(shape, &random)]
        var stages: [Fused.Stage] = []
        for _ in 0..<random.int(1...7) {
            if random.int(0...1) == 0 {
                let unary: [any Operator] = [
                    Relu(), Sigmoid(), Tanh(), Abs(), HardSwish(), Clip(minimum: -1, maximum: 2), Softplus(), Exp(),
                    Gelu(), Floor(), Neg(), LeakyRelu(alpha: 0.1), Elu(), Mish(),
                ]
                stages.append(Fused.Stage(random.pick(unary)))
            } else {
                let extents = shape.extents.map { random.int(0...2) == 0 ? 1 : $0 }
                let operand = Shape(Array(extents.dropFirst(random.int(0...1))))
                let binary: [any Operator] = [Add(), Sub(), Mul(), Max(), Min(), PRelu()]
                let operation = random.pick(binary)
                let isReversed = operation is Sub && random.int(0...1) == 0
                stages.append(Fused.Stage(operation, operandInput: inputs.count, isReversed: isReversed))
                inputs.append(tensor(operand, &random))
            }
        }
        // Values that leave the range show nothing; the chain's own growth is harmless at these lengths.
        let fused = Fused(producer: Identity(), producerInputCount: 1, stages: stages)
        let constants = Set((1..<max(1, inputs.count)).filter { $0 % 2 == 0 })
        let problem = TacticProblem(operation: fused, inputs: inputs, constantInputs: constants, tolerance: 2e-5)
        let names = try problem.check(ExpressionKernel.tactics, target: target)
        #expect(names.first == "expression")
    }

    @Test(arguments: [Shape([2, 19, 3, 5]), [1, 3, 4, 4], [3, 32, 7], [1, 33, 1, 1]], runnableTargets)
    func blockedLanesStayFinite(_ shape: Shape, _ target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let src = random.tensor(shape, in: 0.5...2)
        let channels = random.tensor(Shape([shape[1]] + Array(repeating: 1, count: shape.rank - 2)), in: 0.5...2)
        let chains: [[Fused.Stage]] = [
            [Fused.Stage(Add(), operandInput: 1), Fused.Stage(Log())],
            [Fused.Stage(Div(), operandInput: 1)], [Fused.Stage(Reciprocal()), Fused.Stage(Exp())],
            [Fused.Stage(Relu()), Fused.Stage(Mul(), operandInput: 1)],
        ]
        for stages in chains {
            let fused = Fused(producer: Identity(), producerInputCount: 1, stages: stages)
            let problem = TacticProblem(operation: fused, inputs: [src, channels], constantInputs: [1])
            let names = try problem.check(ExpressionKernel.tactics, target: target)
            #expect(names == ["expression", "expression blocked"])
        }
    }

    @Test(arguments: [Shape([37]), [5, 16], [3, 4, 64], [2, 130]], runnableTargets)
    func conditionsAndComparisonsMatch(_ shape: Shape, _ target: VectorTarget) throws {
        var random = SeededRandom(seed: 9)
        let (left, right) = (tensor(shape, &random), tensor([shape[shape.rank - 1]], &random))
        let condition = Tensor(
            (0..<shape.elementCount).map { _ in Bool.random(using: &random) },
            shape: shape
        )
        let number = Tensor([Float(-10_000)], shape: [])
        let name = ["expression"]
        for (x, y) in [(left, right), (right, left), (left, number), (number, left)] {
            let chosen = TacticProblem(operation: Where(), inputs: [condition, x, y], constantInputs: [1, 2])
            #expect(try chosen.check(ExpressionKernel.tactics, target: target) == name)
        }
        let fused = Fused(
            producer: Where(),
            producerInputCount: 3,
            stages: [Fused.Stage(Mul(), operandInput: 3), Fused.Stage(Relu())]
        )
        let chain = TacticProblem(operation: fused, inputs: [condition, left, right, right])
        #expect(try chain.check(ExpressionKernel.tactics, target: target) == name)
        for operation in [Less(), Equal(), GreaterOrEqual(), LessOrEqual(), Greater()] as [any Operator] {
            for inputs in [[left, right], [right, left], [left, left], [Tensor([Float(0.5)], shape: [1]), left]] {
                let compared = TacticProblem(operation: operation, inputs: inputs, constantInputs: [0])
                let names = try compared.check(ExpressionKernel.tactics, target: target)
                #expect(names == name)
            }
        }
    }

    @Test(arguments: runnableTargets)
    func foldsMatchTheReference(_ target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        let inputs = [tensor([3, 17], &random), tensor([17], &random), tensor([3, 1], &random)]
        for operation in [Sum(), Max(), Min(), Mean()] as [any Operator] {
            for count in 1...3 {
                let problem = TacticProblem(operation: operation, inputs: Array(inputs.prefix(count)))
                #expect(try problem.check(ExpressionKernel.tactics, target: target) == ["expression"])
            }
        }
        let slope = TacticProblem(
            operation: PRelu(isChannelwise: true),
            inputs: [tensor([2, 5, 3, 3], &random), tensor([5], &random)]
        )
        let names = try slope.check(ExpressionKernel.tactics, target: target)
        #expect(names.contains("expression"))
    }

    @Test func whatHasNoCodeIsLeftToOthers() throws {
        let target = try #require(VectorTarget(isa: .avx2, lanes: 8))
        func names(_ operation: any Operator, _ inputs: [TensorType], output: DataType = .float32) -> [String] {
            let outputs = [TensorType(output, [4])]
            return ExpressionKernel.tactics(
                KernelProblem(operation, inputs: inputs, outputs: outputs, target: target)
            ).map(\.name)
        }
        let type = TensorType(.float32, [4])
        #expect(names(Relu(), [type]) == ["expression"])
        #expect(names(Sin(), [type]).isEmpty)
        #expect(names(Pow(), [type, type]).isEmpty)
        #expect(names(Relu(), [TensorType(.int32, [4])], output: .int32).isEmpty)
        #expect(names(MatMul(), [type, type]).isEmpty)
    }
}
