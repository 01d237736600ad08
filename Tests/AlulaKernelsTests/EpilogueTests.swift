// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct EpilogueTests {
    /// A chain over all two-operand stages and the functions without a float64 form.
    private static let chains: [[Fused.Stage]] = [
        [Fused.Stage(Add(), operandInput: 1), Fused.Stage(Relu())],
        [Fused.Stage(Sub(), operandInput: 1)],
        [Fused.Stage(Sub(), operandInput: 1, isReversed: true)],
        [Fused.Stage(Mul(), operandInput: 1), Fused.Stage(Abs())],
        [Fused.Stage(Div(), operandInput: 1)],
        [Fused.Stage(Div(), operandInput: 1, isReversed: true)],
        [Fused.Stage(Max(), operandInput: 1)],
        [Fused.Stage(Min(), operandInput: 1)],
        [Fused.Stage(PRelu(), operandInput: 1)],
        [Fused.Stage(Neg()), Fused.Stage(Sign())],
        [Fused.Stage(Sigmoid()), Fused.Stage(Mul(), operandInput: 1), Fused.Stage(Add(), operandInput: 1)],
    ]

    /// Ordinary numbers and special ones, paired in all ways.
    private static let operands: (src: [Float], other: [Float]) = {
        let numbers: [Float] = [0, -0.0, 1.5, -2.25, .infinity, -.infinity, .nan, 3e38, -7, 0.3, 1e-20, -0x1p-128]
        let pairs = numbers.flatMap { left in numbers.map { (left, $0) } }
        return (padded(pairs.map(\.0), to: 16), padded(pairs.map(\.1), to: 16))
    }()

    @Test(arguments: chains.indices, runnableTargets)
    func stagesMatchTheOperators(_ index: Int, _ target: VectorTarget) throws {
        try checkStages(Self.chains[index], target) { program in
            try ExecutableKernel(try KernelCompiler(target: target, poisonsRegisters: true).compile(program))
        }
    }

    @Test(arguments: chains.indices)
    func interpretedStagesMatchTheOperators(_ index: Int) throws {
        try checkStages(Self.chains[index], .longest(.avx2)) { ExecutableKernel(interpreting: $0) }
    }

    private func checkStages(
        _ stages: [Fused.Stage],
        _ target: VectorTarget,
        _ make: (KernelProgram) throws -> ExecutableKernel
    ) throws {
        let (src, other) = Self.operands
        let shape: Shape = [src.count]
        let type = TensorType(.float32, shape)
        let epilogue = try #require(Epilogue(stages: stages, inputs: [type, type], output: shape, channelAxis: 0))
        let fused = Fused(producer: Identity(), producerInputCount: 1, stages: stages)
        let expected = Tensor(zeros: .float32, shape: shape)
        try fused.evaluate([Tensor(src, shape: shape), Tensor(other, shape: shape)], into: [expected])
        let got = try apply(epilogue, to: src, operand: other, target: target, make)
        for (index, wanted) in expected.elements(as: Float.self).enumerated() {
            let isSame = got[index] == wanted || got[index].isNaN && wanted.isNaN
            let isClose = abs(got[index] - wanted) <= 1e-6 * abs(wanted)
            #expect(
                isSame || isClose,
                "\(epilogue.nameSuffix)(\(src[index]), \(other[index])) = \(got[index]), expected \(wanted)"
            )
        }
    }

    @Test(arguments: [Float(-3), -2, -1, -0.5, 0.5, 1, 2, 3, 4, 5, 6, 7, 8], runnableTargets)
    func constantPowersMatchPow(_ exponent: Float, _ target: VectorTarget) throws {
        let src = padded([0, -0.0, 1, 2, -2, 0.3, -1.7, 9, .infinity, -.infinity, .nan, 1e-3], to: 16)
        let shape: Shape = [src.count]
        let power = Tensor([exponent], shape: [1])
        let epilogue = try #require(
            Epilogue(
                stages: [Fused.Stage(Pow(), operandInput: 1)],
                inputs: [TensorType(.float32, shape), power.type],
                constants: [nil, power],
                output: shape,
                channelAxis: 0
            )
        )
        #expect(epilogue.operands.isEmpty)
        let expected = Tensor(zeros: .float32, shape: shape)
        try Pow().evaluate([Tensor(src, shape: shape), power], into: [expected])
        let got = try apply(epilogue, to: src, target: target) { program in
            try ExecutableKernel(try KernelCompiler(target: target).compile(program))
        }
        for (index, wanted) in expected.elements(as: Float.self).enumerated() {
            let isSame = got[index] == wanted || got[index].isNaN && wanted.isNaN
            #expect(
                isSame || abs(got[index] - wanted) <= 1e-6 * abs(wanted),
                "\(src[index])^\(exponent) = \(got[index])"
            )
        }
    }

    @Test(arguments: [Float(0.25), -3, .nan, .infinity], runnableTargets)
    func numbersMatchScalarOperands(_ number: Float, _ target: VectorTarget) throws {
        let shape: Shape = [Self.operands.src.count]
        let constant = Tensor([number], shape: [])
        for stage in Self.chains.flatMap(\.self) where stage.operandInput != nil {
            let epilogue = try #require(
                Epilogue(
                    stages: [stage],
                    inputs: [TensorType(.float32, shape), constant.type],
                    constants: [nil, constant],
                    output: shape,
                    channelAxis: 0
                )
            )
            #expect(epilogue.memoryOperands.isEmpty)
            let expected = Tensor(zeros: .float32, shape: shape)
            try Fused(producer: Identity(), producerInputCount: 1, stages: [stage])
                .evaluate([Tensor(Self.operands.src, shape: shape), constant], into: [expected])
            let got = try apply(epilogue, to: Self.operands.src, target: target) { program in
                try ExecutableKernel(try KernelCompiler(target: target).compile(program))
            }
            for (index, wanted) in expected.elements(as: Float.self).enumerated() {
                let isSame = got[index] == wanted || got[index].isNaN && wanted.isNaN
                #expect(isSame, "\(epilogue.nameSuffix)(\(Self.operands.src[index]), \(number)) = \(got[index])")
            }
        }
    }

    @Test func operandsAreToldApartByHowTheyVary() {
        func extent(_ operand: Shape, _ output: Shape, axis: Int) -> Epilogue.Extent? {
            Epilogue(
                stages: [Fused.Stage(Mul(), operandInput: 1)],
                inputs: [nil, TensorType(.float32, operand)],
                output: output,
                channelAxis: axis
            )?.operands.first?.extent
        }
        #expect(extent([1], [2, 8, 5, 5], axis: 1) == .scalar)
        #expect(extent([1, 1, 1], [2, 8, 5, 5], axis: 1) == .scalar)
        #expect(extent([8, 1, 1], [2, 8, 5, 5], axis: 1) == .channel)
        #expect(extent([1, 8, 1, 1], [2, 8, 5, 5], axis: 1) == .channel)
        #expect(extent([2, 8, 1, 1], [2, 8, 5, 5], axis: 1) == .imageChannel)
        #expect(extent([2, 8, 5, 5], [2, 8, 5, 5], axis: 1) == .full)
        #expect(extent([2, 1, 5, 5], [2, 8, 5, 5], axis: 1) == .row)
        #expect(extent([8, 5, 5], [1, 8, 5, 5], axis: 1) == .full)
        #expect(extent([8, 5, 5], [2, 8, 5, 5], axis: 1) == nil)
        #expect(extent([5], [2, 8, 5, 5], axis: 1) == nil)
        #expect(extent([7], [3, 5, 7], axis: 2) == .channel)
        #expect(extent([3, 5, 1], [3, 5, 7], axis: 2) == .row)
        #expect(extent([3, 1, 7], [3, 5, 7], axis: 2) == .imageChannel)
        #expect(extent([4, 5, 7], [3, 5, 7], axis: 2) == nil)
    }

    @Test func oneInputIsOneOperand() throws {
        let type = TensorType(.float32, [4, 4])
        let epilogue = try #require(
            Epilogue(
                stages: [
                    Fused.Stage(Add(), operandInput: 1), Fused.Stage(Mul(), operandInput: 2), Fused.Stage(Relu()),
                    Fused.Stage(Sub(), operandInput: 1),
                ],
                inputs: [type, type, TensorType(.float32, [4])],
                output: [4, 4],
                channelAxis: 1
            )
        )
        #expect(epilogue.operands.map(\.input) == [1, 2])
        #expect(epilogue.nameSuffix == "_residual_mul_relu_sub")
    }

    @Test func divisionsAndLogarithmsDoNotKeepFinite() {
        let scalar = [Epilogue.Operand(input: 1, extent: .scalar)]
        #expect(Epilogue(stages: [.function(.relu), .combine(.add, operand: 0)], operands: scalar).keepsFinite)
        #expect(!Epilogue(stages: [.function(.log)]).keepsFinite)
        #expect(!Epilogue(stages: [.function(.power(-1))]).keepsFinite)
        #expect(!Epilogue(stages: [.combine(.divide, operand: 0)], operands: scalar).keepsFinite)
        let number = [Epilogue.Operand(input: 1, extent: .number(2))]
        #expect(Epilogue(stages: [.combine(.divide, operand: 0)], operands: number).keepsFinite)
    }

    @Test func stagesWithoutCodeAreRefused() {
        let type = TensorType(.float32, [4])
        for stage in [Fused.Stage(Cos()), Fused.Stage(Mod(), operandInput: 1), Fused.Stage(Pow(), operandInput: 1)] {
            #expect(Epilogue(stages: [stage], inputs: [type, type], output: [4], channelAxis: 0) == nil)
        }
        let half = TensorType(.float16, [4])
        #expect(
            Epilogue(
                stages: [Fused.Stage(Add(), operandInput: 1)],
                inputs: [type, half],
                output: [4],
                channelAxis: 0
            ) == nil
        )
    }

    @Test(arguments: FunctionCase.all, [VectorTarget.longest(.avx2), .longest(.avx512)])
    func functionsNeedFewRegisters(_ problem: FunctionCase, _ target: VectorTarget) throws {
        let function = try #require(VectorFunction(problem.operation))
        let count = EpilogueEmitter.temporaryVectorCount(Epilogue(stages: [.function(function)]), target: target)
        #expect(count <= 4, "\(function.name) on \(target)")
    }
}
