// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct UnpoolingTests {
    @Test func unpoolingPutsTheLargestElementsBack() throws {
        var random = ProblemGenerator(seed: 1)
        let src = random.floats([2, 2, 4, 6])
        let window = WindowParameters(strides: [2, 3])
        let pooled = try evaluateAll(MaxPool(kernelShape: [2, 3], window: window), [src])
        let back = try evaluateFirst(MaxUnpool(kernelShape: [2, 3], window: window), pooled[0], pooled[1])
        #expect(back.shape == src.shape)
        let (before, after) = (src.elements(as: Float.self), back.elements(as: Float.self))
        #expect(zip(before, after).allSatisfy { $1 == 0 || $0 == $1 })
        #expect(after.count { $0 != 0 } == pooled[0].elementCount)
    }

    @Test func wrongIndicesAndShapesAreNamed() throws {
        let src = Tensor([1, 2] as [Float], shape: [1, 1, 2])
        let unpool = MaxUnpool(kernelShape: [2], window: WindowParameters(strides: [2]))
        #expect(throws: OperatorError.self) {
            try evaluateFirst(unpool, src, Tensor([0, 4] as [Int64], shape: [1, 1, 2]))
        }
        let indices = Tensor([0, 3] as [Int64], shape: [1, 1, 2])
        let wanted = Tensor([1, 1, 5] as [Int64], shape: [3])
        #expect(try evaluateFirst(unpool, src, indices, wanted).elements(as: Float.self) == [1, 0, 0, 2, 0])
        #expect(throws: OperatorError.self) {
            try evaluateFirst(unpool, src, indices, Tensor([1, 1, 3] as [Int64], shape: [3]))
        }
    }

    @Test func unmovedTapsAreAnOrdinaryConvolution() throws {
        var random = ProblemGenerator(seed: 2)
        let (src, weights, bias) = (random.floats([2, 4, 5, 6]), random.floats([6, 2, 3, 2]), random.floats([6]))
        let window = WindowParameters(strides: [2, 1], dilations: [1, 2], padsBegin: [1, 0], padsEnd: [0, 1])
        let expected = try evaluateFirst(Conv(window: window, group: 2), src, weights, bias)
        let extents = Array(expected.shape.extents.dropFirst(2))
        let offsets = Tensor(zeros: .float32, shape: Shape([2, 2 * 2 * 6] + extents))
        let operation = DeformConv(window: window, group: 2, offsetGroup: 2)
        let dst = try evaluateFirst(operation, src, weights, offsets, bias)
        #expect(largestDifference(dst, expected) < 1e-5)
        #expect(try DeformConv(attributes: operation.attributes).attributes == operation.attributes)
    }

    @Test func wholeOffsetsShiftSrc() throws {
        let src = Tensor((0..<9).map { Float($0) }, shape: [1, 1, 3, 3])
        let one = Tensor([1] as [Float], shape: [1, 1, 1, 1])
        let offsets = makeTensor([1, 2, 3, 3]) { $0[1] == 0 ? 1 : -1 }
        let mask = makeTensor([1, 1, 3, 3]) { _ in 0.5 }
        let dst = try evaluateFirst(DeformConv(), src, one, offsets, nil, mask)
        #expect(dst.elements(as: Float.self) == [0, 1.5, 2, 0, 3, 3.5, 0, 0, 0])
    }

    @Test(arguments: [false, true])
    func identityGridsSampleWhatIsThere(alignsCorners: Bool) throws {
        var random = ProblemGenerator(seed: 3)
        let src = random.floats([1, 2, 3, 4, 5])
        let theta = Tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] as [Float], shape: [1, 3, 4])
        let size = Tensor([1, 2, 3, 4, 5] as [Int64], shape: [5])
        let grid = try evaluateFirst(AffineGrid(alignsCorners: alignsCorners), theta, size)
        #expect(grid.shape == [1, 3, 4, 5, 3])
        let dst = try evaluateFirst(GridSample(alignsCorners: alignsCorners), src, grid)
        #expect(largestDifference(dst, src) < 1e-5)
    }
}
