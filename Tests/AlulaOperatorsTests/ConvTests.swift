// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// A random convolution whose shapes fit together.
private struct ConvProblem {
    var window = WindowParameters()
    var group: Int
    var src: Tensor
    var weights: Tensor
    var bias: Tensor

    init(seed: UInt64, rank: Int) {
        var random = ProblemGenerator(seed: seed)
        group = random.integer(in: 1...3)
        let (ic, oc) = (group * random.integer(in: 1...3), group * random.integer(in: 1...3))
        let kernel = (0..<rank).map { _ in random.integer(in: 1...3) }
        window.strides = (0..<rank).map { _ in random.integer(in: 1...3) }
        window.dilations = (0..<rank).map { _ in random.integer(in: 1...2) }
        window.padsBegin = (0..<rank).map { _ in random.integer(in: 0...2) }
        window.padsEnd = (0..<rank).map { _ in random.integer(in: 0...2) }
        let extents = kernel.indices.map { random.integer(in: 5...9 - rank) + (kernel[$0] - 1) }
        src = random.floats(Shape([random.integer(in: 1...2), ic] + extents))
        weights = random.floats(Shape([oc, ic / group] + kernel))
        bias = random.floats([oc])
    }

    /// The definition, element by element.
    func expected(_ shape: Shape) -> Tensor {
        let taps = indices([weights.shape[1]] + weights.shape.extents.dropFirst(2))
        return makeTensor(shape) { dst -> Double in
            let firstChannel = dst[1] / (weights.shape[0] / group) * weights.shape[1]
            var sum = bias.at([dst[1]])
            for tap in taps {
                var index = [dst[0], firstChannel + tap[0]]
                for axis in 0..<dst.count - 2 {
                    let start = dst[axis + 2] * window.strides[axis] - window.padsBegin[axis]
                    index.append(start + tap[axis + 1] * window.dilations[axis])
                }
                sum += src.at(index) * weights.at([dst[1]] + tap)
            }
            return sum
        }
    }
}

@Suite struct ConvTests {
    @Test(arguments: 1...3, 0..<12)
    func randomConvolutionsMatchTheDefinition(rank: Int, seed: Int) throws {
        let problem = ConvProblem(seed: UInt64(seed), rank: rank)
        let conv = Conv(window: problem.window, group: problem.group)
        let dst = try evaluateFirst(conv, problem.src, problem.weights, problem.bias)
        #expect(largestDifference(dst, problem.expected(dst.shape)) < 1e-5, "seed \(seed)")
    }

    @Test(arguments: 1...9, [AutoPadding.sameUpper, .sameLower])
    func samePaddingGivesCeilOfSrcOverStride(extent: Int, padding: AutoPadding) throws {
        for (kernel, stride, dilation) in [(1, 1, 1), (2, 1, 1), (3, 2, 1), (3, 3, 2), (1, 4, 1)] {
            let window = WindowParameters(strides: [stride], dilations: [dilation], autoPad: padding)
            let axis = try window.geometry(srcExtents: [extent], kernelExtents: [kernel], for: "Conv").axes[0]
            #expect(axis.dstExtent == (extent + stride - 1) / stride)
            let (more, less) = padding == .sameUpper ? (axis.padEnd, axis.padBegin) : (axis.padBegin, axis.padEnd)
            #expect(more == less || more == less + 1)
        }
    }

    @Test(arguments: 0..<40)
    func windowRangesAgreeWithEachOther(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let window = WindowParameters(
            strides: [random.integer(in: 1...4)],
            dilations: [random.integer(in: 1...4)],
            padsBegin: [random.integer(in: 0...6)],
            padsEnd: [random.integer(in: 0...6)]
        )
        let kernel = random.integer(in: 1...4)
        let srcExtent = random.integer(in: 13...20)
        let axis = try window.geometry(srcExtents: [srcExtent], kernelExtents: [kernel], for: "Conv").axes[0]
        for dst in 0..<axis.dstExtent {
            for tap in 0..<kernel {
                let isInside = (0..<srcExtent).contains(axis.srcIndex(dst: dst, tap: tap))
                #expect(axis.taps(at: dst).contains(tap) == isInside)
                #expect(axis.windows(tap: tap).contains(dst) == isInside)
            }
        }
    }

    @Test func halfPrecisionIsRoundedOnce() throws {
        // 2048 + 1 + 1 is 2050 in float16; summed in float16, each 1 would be lost.
        let src = Tensor([2048, 1, 1] as [Float16], shape: [1, 3, 1])
        let weights = Tensor([1, 1, 1] as [Float16], shape: [1, 3, 1])
        #expect(try evaluateFirst(Conv(), src, weights).elements(as: Float16.self) == [2050])
    }

    @Test func emptyBatchGivesEmptyOutput() throws {
        let dst = try evaluateFirst(
            Conv(),
            Tensor(zeros: .float32, shape: [0, 2, 4]),
            Tensor(zeros: .float32, shape: [3, 2, 3])
        )
        #expect(dst.shape == [0, 3, 2])
    }

    @Test func unfitShapesAreNamed() {
        let cases: [(Conv, Shape, Shape)] = [
            (Conv(), [1, 2, 4], [3, 1, 3]), (Conv(group: 2), [1, 3, 4], [2, 1, 3]),
            (Conv(), [1, 2, 2], [3, 2, 3]), (Conv(), [1, 2], [3, 2]), (Conv(), [1, 2, 4, 4], [3, 2, 3]),
            (Conv(kernelShape: [2]), [1, 2, 4], [3, 2, 3]), (Conv(group: 0), [1, 2, 4], [3, 2, 3]),
            (Conv(window: WindowParameters(strides: [0])), [1, 2, 4], [3, 2, 3]),
            (Conv(window: WindowParameters(strides: [1, 1])), [1, 2, 4], [3, 2, 3]),
            (Conv(window: WindowParameters(padsBegin: [-1], padsEnd: [0])), [1, 2, 4], [3, 2, 3]),
        ]
        for (conv, src, weights) in cases {
            let inputs = [src, weights].map { OperatorInput(TensorType(.float32, $0)) }
            #expect(throws: OperatorError.self, "\(conv) of \(src)") { try conv.inferOutputs(inputs) }
        }
    }

    @Test func attributesRestoreTheOperator() throws {
        let window = WindowParameters(
            strides: [2, 1],
            dilations: [1, 2],
            padsBegin: [0, 1],
            padsEnd: [2, 3],
            autoPad: .valid
        )
        let conv = Conv(window: window, group: 3, kernelShape: [1, 2])
        let restored = try Conv(attributes: conv.attributes)
        #expect(restored.window == window && restored.group == 3 && restored.kernelShape == [1, 2])
        let transposed = ConvTranspose(window: window, group: 2, outputPadding: [1, 0], outputShape: [4, 5])
        #expect(try ConvTranspose(attributes: transposed.attributes).attributes == transposed.attributes)
    }

    @Test func operationsOfThePointPillarsHeadLayerAreCounted() throws {
        let inputs = [TensorType(.float32, [1, 64, 496, 432]), TensorType(.float32, [64, 64, 3, 3])]
        let conv = Conv(window: WindowParameters(strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1]))
        let outputs = try conv.inferOutputs(inputs.map { OperatorInput($0) })
        #expect(outputs[0].shape == [1, 64, 248, 216])
        #expect(conv.floatingPointOperations(inputs: inputs, outputs: outputs) == 2 * 64 * 248 * 216 * 64 * 9)
    }
}

@Suite struct ConvTransposeTests {
    /// ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩ for the same weights: the transposed convolution is the transpose.
    @Test(arguments: 1...3, 0..<12)
    func isTheTransposeOfConvolution(rank: Int, seed: Int) throws {
        let problem = ConvProblem(seed: UInt64(seed), rank: rank)
        let image = try evaluateFirst(
            Conv(window: problem.window, group: problem.group),
            problem.src,
            problem.weights
        )
        var random = ProblemGenerator(seed: UInt64(seed) + 1000)
        let cotangent = random.floats(image.shape)
        // Elements at the end that no window reaches come back as output padding.
        let geometry = try Conv(window: problem.window, group: problem.group)
            .geometry(src: problem.src.shape, weights: problem.weights.shape)
        let rest = geometry.axes.map {
            $0.srcExtent + $0.padBegin + $0.padEnd - $0.reach - ($0.dstExtent - 1) * $0.stride
        }
        let transposed = ConvTranspose(window: problem.window, group: problem.group, outputPadding: rest)
        let back = try evaluateFirst(transposed, cotangent, problem.weights)
        #expect(back.shape == problem.src.shape)
        let left = zip(image.doubles(), cotangent.doubles()).map { $0 * $1 }.reduce(0, +)
        let right = zip(problem.src.doubles(), back.doubles()).map { $0 * $1 }.reduce(0, +)
        #expect(abs(left - right) < 1e-4 * max(1, abs(left)), "seed \(seed)")
    }

    @Test func biasIsAddedToEveryElement() throws {
        let src = Tensor(zeros: .float32, shape: [1, 2, 3])
        let weights = Tensor(zeros: .float32, shape: [2, 2, 2])
        let bias = Tensor([1, 2] as [Float], shape: [2])
        let dst = try evaluateFirst(ConvTranspose(), src, weights, bias)
        #expect(dst.elements(as: Float.self) == [1, 1, 1, 1, 2, 2, 2, 2])
    }

    @Test func samePaddingMultipliesByTheStride() throws {
        for padding in [AutoPadding.sameUpper, .sameLower] {
            let operation = ConvTranspose(window: WindowParameters(strides: [3, 2], autoPad: padding))
            let inputs = [Shape([1, 1, 4, 5]), [1, 2, 3, 3]].map { OperatorInput(TensorType(.float32, $0)) }
            #expect(try operation.inferOutputs(inputs)[0].shape == [1, 2, 12, 10])
        }
    }

    @Test func wantedShapeDecidesThePads() throws {
        let src = Tensor([1, 2, 3] as [Float], shape: [1, 1, 3])
        let weights = Tensor([1, 1, 1] as [Float], shape: [1, 1, 3])
        // Without pads: [1, 3, 6, 5, 3]. One too many: it goes from the beginning unless SAME_UPPER is asked for.
        let lower = try evaluateFirst(ConvTranspose(outputShape: [4]), src, weights)
        #expect(lower.elements(as: Float.self) == [3, 6, 5, 3])
        let upper = ConvTranspose(window: WindowParameters(autoPad: .sameUpper), outputShape: [4])
        #expect(try evaluateFirst(upper, src, weights).elements(as: Float.self) == [1, 3, 6, 5])
    }
}
