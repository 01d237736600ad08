// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// A random convolution that fits together.
struct ConvolutionProblem {
    var operation: any Operator
    var inputs: [Tensor?]

    init(_ generator: inout SeededRandom, isTransposed: Bool) {
        let rank = generator.pick([1, 2, 2, 2])
        let group = generator.pick([1, 1, 1, 2, 3])
        let (ic, oc) = (group * generator.int(1...5), group * generator.int(1...9))
        let kernel = (0..<rank).map { _ in generator.int(1...3) }
        let extents = (0..<rank).map { _ in generator.int(7...19) }
        let window = WindowParameters(
            strides: (0..<rank).map { _ in generator.int(1...3) },
            dilations: (0..<rank).map { _ in generator.int(1...2) },
            padsBegin: (0..<rank).map { _ in generator.int(0...1) },
            padsEnd: (0..<rank).map { _ in generator.int(0...1) }
        )
        let src = generator.tensor(Shape([generator.int(1...2), ic] + extents))
        let weights = generator.tensor(Shape((isTransposed ? [ic, oc / group] : [oc, ic / group]) + kernel))
        let bias = generator.pick([true, false]) ? generator.tensor([oc]) : nil
        inputs = [src, weights, bias]
        operation = isTransposed ? ConvTranspose(window: window, group: group) : Conv(window: window, group: group)
    }
}

@Suite struct ConvolutionF32Tests {
    @Test(arguments: [false, true])
    func randomProblemsMatchTheReference(isTransposed: Bool) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededRandom(seed: seed)
        for _ in 0..<40 {
            let problem = ConvolutionProblem(&generator, isTransposed: isTransposed)
            try checkKernel(problem.operation, problem.inputs, context: "seed \(seed)")
        }
    }

    @Test func tailPixelsAndChannelsMatchTheReference() throws {
        var generator = SeededRandom(seed: 1)
        for width in tailSizes(8) {
            for channels in tailSizes(4) {
                let src = generator.tensor([1, 2, 3, width])
                let weights = generator.tensor([channels, 2, 3, 3])
                let window = WindowParameters(padsBegin: [1, 1], padsEnd: [1, 1])
                try checkKernel(Conv(window: window), [src, weights])
            }
        }
    }

    @Test func deconvolutionWithStrideEqualToKernelMatchesTheReference() throws {
        var generator = SeededRandom(seed: 2)
        for stride in 1...4 {
            let window = WindowParameters(strides: [stride, stride])
            let operation = ConvTranspose(window: window)
            let inputs = [generator.tensor([1, 5, 9, 13]), generator.tensor([5, 6, stride, stride])]
            try checkKernel(operation, inputs)
            let smaller = ConvTranspose(window: window, outputPadding: [0, stride - 1])
            try checkKernel(smaller, inputs)
        }
    }

    @Test(arguments: [false, true])
    func stagesRunOnTheTile(isTransposed: Bool) throws {
        var generator = SeededRandom(seed: 3)
        let producer: any Operator = isTransposed ? ConvTranspose() : Conv()
        let src = generator.tensor([2, 3, 9, 11])
        let weights = generator.tensor(isTransposed ? [3, 6, 1, 1] : [6, 3, 1, 1])
        let residual = generator.tensor([2, 6, 9, 11])
        let scale = generator.tensor([6, 1, 1])
        let column = generator.tensor([11])
        let image = generator.tensor([2, 1, 9, 11])
        let fused = Fused(
            producer: producer,
            producerInputCount: 2,
            stages: [
                Fused.Stage(Add(), operandInput: 2), Fused.Stage(Relu()), Fused.Stage(Mul(), operandInput: 3),
                Fused.Stage(Sub(), operandInput: 4, isReversed: true), Fused.Stage(Add(), operandInput: 5),
                Fused.Stage(Sigmoid()),
            ]
        )
        try checkKernel(fused, [src, weights, residual, scale, column, image])
    }

    @Test func specialValuesPropagate() throws {
        let src = Tensor([.infinity, -0.0, .nan, 1, 2, 3, 4, 5, -.infinity] as [Float], shape: [1, 1, 3, 3])
        let weights = Tensor([1, 2] as [Float], shape: [2, 1, 1, 1])
        try checkKernel(Conv(), [src, weights])
    }
}
