// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// A seed that a failing test prints.
private func freshGenerator() -> (SeededRandom, String) {
    let seed = UInt64.random(in: 0...UInt64.max)
    return (SeededRandom(seed: seed), "seed \(seed)")
}

@Suite struct MatrixProductTests {
    @Test func tailRowsAndColumnsMatchTheReference() throws {
        var generator = SeededRandom(seed: 1)
        for m in tailSizes(4) {
            for n in tailSizes(8) + [64, 65, 129] {
                try checkKernel(MatMul(), [generator.tensor([m, 7]), generator.tensor([7, n])])
            }
        }
    }

    @Test func randomStacksMatchTheReference() throws {
        var (generator, seed) = freshGenerator()
        for _ in 0..<40 {
            let (m, n, k) = (generator.int(1...70), generator.int(1...70), generator.int(1...20))
            let (a, b) = (generator.int(1...3), generator.int(1...3))
            let shapes: (Shape, Shape) = generator.pick([
                ([a, b, m, k], [a, b, k, n]), ([a, 1, m, k], [1, b, k, n]), ([m, k], [b, k, n]), ([k], [k, n]),
                ([a, m, k], [k]), ([k], [k]),
            ])
            try checkKernel(MatMul(), [generator.tensor(shapes.0), generator.tensor(shapes.1)], context: seed)
        }
    }

    @Test func everyFlagOfGemmMatchesTheReference() throws {
        var (generator, seed) = freshGenerator()
        for _ in 0..<40 {
            let (m, n, k) = (generator.int(1...40), generator.int(1...80), generator.int(1...20))
            let gemm = Gemm(
                alpha: generator.pick([1, 0.5]),
                isSrcTransposed: generator.pick([false, true]),
                isWeightsTransposed: generator.pick([false, true])
            )
            let src = generator.tensor(gemm.isSrcTransposed ? [k, m] : [m, k])
            let weights = generator.tensor(gemm.isWeightsTransposed ? [n, k] : [k, n])
            let bias = generator.tensor(generator.pick([[n], [m, 1], [1, n], [m, n], []]))
            try checkKernel(gemm, [src, weights, generator.pick([bias, nil])], context: seed)
            let fused = Fused(
                producer: gemm,
                producerInputCount: 3,
                stages: [Fused.Stage(Relu()), Fused.Stage(Mul(), operandInput: 3)]
            )
            try checkKernel(fused, [src, weights, bias, generator.tensor([m, n])], context: seed)
        }
    }
}

@Suite struct MatrixVectorTests {
    @Test func fewRowsMatchTheReference() throws {
        var generator = SeededRandom(seed: 6)
        for n in [1, 3, 4, 63, 64, 65, 300] {
            for k in tailSizes(8) + [200] {
                try checkKernel(MatMul(), [generator.tensor([1, k]), generator.tensor([k, n])])
                for m in 1...4 {
                    let gemm = Gemm(alpha: m == 2 ? 0.5 : 1, isWeightsTransposed: true)
                    let (src, weights) = (generator.tensor([m, k]), generator.tensor([n, k]))
                    let fused = Fused(producer: gemm, producerInputCount: 3, stages: [Fused.Stage(Relu())])
                    try checkKernel(fused, [src, weights, generator.tensor([n])])
                }
            }
        }
    }
}

@Suite struct ElementwiseF32Tests {
    /// Every function with a vector form, and one without.
    static let functions: [any ElementwiseOperator] = [
        Relu(), LeakyRelu(alpha: 0.1), Clip(minimum: -1, maximum: 2), Clip(), Sigmoid(), Swish(alpha: 1.5), Tanh(),
        Exp(),
        Erf(), Gelu(), HardSigmoid(alpha: 0.2, beta: 0.5), HardSwish(), Sqrt(), Reciprocal(), Abs(), Neg(), Mish(),
    ]

    @Test(arguments: functions.indices)
    func functionsAreWithinAFewUnitsOfTheReference(index: Int) throws {
        let function = Self.functions[index]
        var values = stride(from: Float(-110), through: 110, by: 0.37).map { $0 }
        values += stride(from: Float(-9), through: 9, by: 0.011).map { $0 }
        values += [
            0, -0.0, .infinity, -.infinity, .nan, 1e-30, -1e-30, .leastNonzeroMagnitude, 88.7, 88.73, -87.4, -103.9,
        ]
        let src = Tensor(values, shape: [values.count])
        let dst = Tensor(zeros: .float32, shape: src.shape)
        let kernel = try #require(
            KernelCatalogue.portable.kernel(for: function, inputs: [src.type], outputs: [src.type])
        )
        for part in 0..<kernel.partCount { kernel.run(part: part, inputs: [src], outputs: [dst]) }
        for (x, got) in zip(values, dst.elements(as: Float.self)) {
            let expected = function.apply(x)
            if got == expected || got.isNaN && expected.isNaN { continue }
            // Gelu and Swish cancel on the left; there the error is one of the gate near 0.
            let allowed = max(6 * expected.ulp, 1e-6 * min(1, x.magnitude))
            #expect((got - expected).magnitude <= allowed, "\(function.name)(\(x)): got \(got), expected \(expected)")
        }
    }

    @Test func randomChainsWithBroadcastingMatchTheReference() throws {
        var (generator, seed) = freshGenerator()
        let unary: [any Operator] = [Relu(), Sigmoid(), Tanh(), Abs()]
        let binary: [any Operator] = [Add(), Sub(), Mul(), Div(), Max(), Min(), PRelu()]
        for _ in 0..<60 {
            let shape = Shape((0..<generator.int(1...4)).map { _ in generator.pick([1, 2, 3, 17]) })
            func operand() -> Tensor {
                let kept = shape.extents.map { generator.pick([$0, $0, 1]) }
                return generator.tensor(Shape(Array(kept.dropFirst(generator.int(0...kept.count)))), in: 0.5...2)
            }
            var inputs: [Tensor?] = [operand(), generator.tensor(shape)]
            var stages: [Fused.Stage] = []
            for _ in 0..<generator.int(1...5) {
                if generator.pick([true, false]) {
                    stages.append(Fused.Stage(generator.pick(unary)))
                } else {
                    let operation = generator.pick(binary)
                    let isReversed = !(operation is PRelu) && generator.pick([true, false])
                    stages.append(Fused.Stage(operation, operandInput: inputs.count, isReversed: isReversed))
                    inputs.append(operand())
                }
            }
            // The producer broadcasts input 0 to the full shape.
            let fused = Fused(
                producer: generator.pick([Add(), Sub(), Mul()] as [any Operator]),
                producerInputCount: 2,
                stages: stages
            )
            try checkKernel(fused, inputs, context: seed)
        }
    }

    /// A slope of one axis runs along the channels where the operator says so, not along the last axis.
    @Test func slopesByChannelMatchTheReference() throws {
        var generator = SeededRandom(seed: 8)
        let slopes = PRelu(isChannelwise: true)
        for shape: Shape in [[2, 5, 3, 5], [1, 5, 7, 11], [3, 5, 4], [2, 5]] {
            let (src, slope) = (generator.tensor(shape), generator.tensor([5]))
            try checkKernel(slopes, [src, slope])
            let stages = [Fused.Stage(slopes, operandInput: 2), Fused.Stage(Relu())]
            let fused = Fused(producer: Sub(), producerInputCount: 2, stages: stages)
            try checkKernel(fused, [src, generator.tensor(shape), slope])
        }
    }

    @Test func variadicOperatorsAndLongTensorsSplitIntoParts() throws {
        var generator = SeededRandom(seed: 4)
        let inputs = [generator.tensor([3, 30_000]), generator.tensor([30_000]), generator.tensor([3, 1])]
        for operation in [Sum(), Max(), Min()] as [any Operator] { try checkKernel(operation, inputs) }
        try checkKernel(Identity(), [inputs[0]])
    }
}

@Suite struct DepthwiseF32Tests {
    @Test func randomProblemsMatchTheReference() throws {
        var (generator, seed) = freshGenerator()
        for _ in 0..<40 {
            let channels = generator.int(1...9)
            let multiplier = generator.int(1...2)
            let window = WindowParameters(
                strides: [generator.int(1...3), generator.int(1...3)],
                dilations: [generator.int(1...2), generator.int(1...2)],
                padsBegin: [generator.int(0...2), generator.int(0...2)],
                padsEnd: [generator.int(0...2), generator.int(0...2)]
            )
            let conv = Conv(window: window, group: channels)
            let src = generator.tensor([generator.int(1...2), channels, generator.int(5...12), generator.int(5...19)])
            let weights = generator.tensor([channels * multiplier, 1, generator.int(1...3), generator.int(1...3)])
            let bias = generator.pick([generator.tensor([channels * multiplier]), nil])
            let fused = Fused(producer: conv, producerInputCount: 3, stages: [Fused.Stage(HardSwish())])
            try checkKernel(fused, [src, weights, bias], context: seed)
        }
    }
}

@Suite struct PoolingF32Tests {
    @Test func randomProblemsMatchTheReference() throws {
        var (generator, seed) = freshGenerator()
        for _ in 0..<60 {
            let rank = generator.int(1...2)
            let kernel = (0..<rank).map { _ in generator.int(1...3) }
            let window = WindowParameters(
                strides: (0..<rank).map { _ in generator.int(1...3) },
                dilations: (0..<rank).map { _ in generator.int(1...2) },
                padsBegin: kernel.map { generator.int(0...($0 - 1)) },
                padsEnd: kernel.map { generator.int(0...($0 - 1)) }
            )
            let ceilMode = generator.pick([false, true])
            let src = generator.tensor(Shape([2, 3] + (0..<rank).map { _ in generator.int(6...17) }))
            let maximum = MaxPool(kernelShape: kernel, window: window, ceilMode: ceilMode)
            try checkKernel(maximum, [src], context: seed)
            let countsPadding = generator.pick([false, true])
            let average = AveragePool(
                kernelShape: kernel,
                window: window,
                ceilMode: ceilMode,
                countsPadding: countsPadding
            )
            try checkKernel(average, [src], context: seed)
        }
    }

    @Test func wholePlanesMatchTheReference() throws {
        var generator = SeededRandom(seed: 2)
        for extents in [[1, 1], [7, 7], [13, 31], [64]] {
            let src = generator.tensor(Shape([2, 5] + extents))
            try checkKernel(GlobalAveragePool(), [src])
            try checkKernel(GlobalMaxPool(), [src])
        }
    }

    @Test func specialValuesAreTreatedAsByTheReference() throws {
        let src = Tensor([.nan, -.infinity, 1, -.infinity, .infinity, -0.0, 0, 2, 3] as [Float], shape: [1, 1, 3, 3])
        try checkKernel(MaxPool(kernelShape: [2, 2]), [src])
        try checkKernel(GlobalMaxPool(), [src])
    }
}

@Suite struct NormalizationF32Tests {
    @Test func softmaxRowsMatchTheReference() throws {
        var generator = SeededRandom(seed: 1)
        for length in tailSizes(64) + [1000] {
            try checkKernel(Softmax(), [generator.tensor([3, length], in: -20...20)])
        }
        try checkKernel(Softmax(axis: 1, spansTrailingAxes: true), [generator.tensor([2, 3, 5])])
        let infinite = Tensor([-.infinity, 1, 2, -.infinity] as [Float], shape: [1, 4])
        try checkKernel(Softmax(), [infinite])
    }

    @Test func normalizationsMatchTheReference() throws {
        var (generator, seed) = freshGenerator()
        for length in tailSizes(16) + [768] {
            let src = generator.tensor([3, 5, length], in: 3...5)
            let (scale, bias) = (generator.tensor([length]), generator.tensor([length]))
            try checkKernel(LayerNormalization(), [src, scale, bias], tolerance: 1e-4, context: seed)
            try checkKernel(LayerNormalization(), [src, scale], tolerance: 1e-4, context: seed)
            let (channelScale, channelBias) = (generator.tensor([5]), generator.tensor([5]))
            let instance = InstanceNormalization()
            try checkKernel(instance, [src, channelScale, channelBias], tolerance: 1e-4, context: seed)
        }
        let src = generator.tensor([2, 6, 3, 7], in: -1...3)
        let groups = GroupNormalization(groupCount: 3)
        try checkKernel(groups, [src, generator.tensor([6]), generator.tensor([6])], tolerance: 1e-4, context: seed)
        let scaledPerGroup = GroupNormalization(groupCount: 3, isScaledPerGroup: true)
        let inputs = [src, generator.tensor([3]), generator.tensor([3])]
        try checkKernel(scaledPerGroup, inputs, tolerance: 1e-4, context: seed)
    }
}

@Suite struct ReductionF32Tests {
    @Test func everySetOfAxesMatchesTheReference() throws {
        var generator = SeededRandom(seed: 1)
        let src = generator.tensor([2, 3, 1, 70])
        for mask in 0..<16 {
            let axes = (0..<4).filter { mask >> $0 & 1 == 1 }
            let list = Tensor(axes.map { Int64($0) - 4 }, shape: [axes.count])
            for keepsDimensions in [false, true] {
                try checkKernel(ReduceMean(keepsDimensions: keepsDimensions), [src, list])
                try checkKernel(ReduceSum(keepsDimensions: keepsDimensions, ignoresEmptyAxes: true), [src, list])
            }
        }
        try checkKernel(ReduceSum(), [generator.tensor([40, 1000])])
    }
}

@Suite struct ResizeF32Tests {
    @Test(arguments: Interpolation.allCases)
    func resizedImagesMatchTheReference(interpolation: Interpolation) throws {
        var (generator, seed) = freshGenerator()
        for _ in 0..<20 {
            let transformation = generator.pick(CoordinateTransformation.allCases.filter { $0 != .cropAndResize })
            let resize = Resize(interpolation: interpolation, transformation: transformation)
            let src = generator.tensor([2, 3, generator.int(1...7), generator.int(1...9)])
            let sizes = Tensor([2, 3, Int64(generator.int(1...15)), Int64(generator.int(1...15))], shape: [4])
            try checkKernel(resize, [src, nil, nil, sizes], context: seed)
        }
    }
}
