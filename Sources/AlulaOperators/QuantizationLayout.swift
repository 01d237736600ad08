// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Which scale and zero point belong to which element: one for the tensor, one an index of an axis, or one a block of
/// indices along an axis.
struct QuantizationLayout {
    /// Elements before, along and behind the axis.
    private let extents: (outer: Int, axis: Int, inner: Int)
    /// Indices along the axis that share a scale; `Int.max` when all do.
    private let blockExtent: Int
    /// Blocks along the axis.
    private let blocks: Int
    /// 1 where every position behind the axis has a scale of its own, otherwise 0.
    private let innerStep: Int

    /// The layout for `src`, whose scales have shape `scale`.
    ///
    /// - Parameter blockExtent: ONNX's `block_size`; 0 unless blocked.
    init(
        _ src: Shape,
        scale: Shape,
        axis: Int,
        blockExtent: Int,
        of op: String
    ) throws(OperatorError) {
        if blockExtent == 0, scale.elementCount == 1, scale.rank <= 1 {
            extents = (1, 1, src.elementCount)
            (self.blockExtent, blocks, innerStep) = (.max, 1, 0)
            return
        }
        guard let axis = src.normalizedAxis(axis) else {
            throw .invalidAttribute(
                operator: op,
                attribute: "axis",
                got: "\(axis)",
                expected: "-\(src.rank)..<\(src.rank) for shape \(src)"
            )
        }
        var expected: Shape = [src[axis]]
        if blockExtent > 0 {
            var blocked = src.extents
            blocked[axis] = src[axis] / blockExtent + (src[axis] % blockExtent == 0 ? 0 : 1)
            expected = Shape(blocked)
        }
        guard scale == expected else {
            throw .shapeMismatch(operator: op, input: 1, got: scale, expected: "\(expected), or a scalar")
        }
        extents = (
            src.elementCount(in: 0..<axis), src[axis], src.elementCount(in: axis + 1..<src.rank)
        )
        self.blockExtent = blockExtent > 0 ? blockExtent : 1
        blocks = blockExtent > 0 ? expected[axis] : 0
        innerStep = blockExtent > 0 ? 1 : 0
    }

    /// Calls `body` with the index of every element and of its scale, in row-major order.
    @inline(__always)
    func forEachElement(_ body: (_ element: Int, _ scale: Int) -> Void) {
        var element = 0
        for outer in 0..<extents.outer {
            for index in 0..<extents.axis {
                let block = index / blockExtent
                let scale = innerStep == 0 ? block : (outer * blocks + block) * extents.inner
                for inner in 0..<extents.inner {
                    body(element, scale + inner * innerStep)
                    element += 1
                }
            }
        }
    }
}

extension CheckedInputs {
    /// Checks scale and zero point (inputs 1 and 2) against input 0.
    func requireQuantization(axis: Int, blockExtent: Int) throws(OperatorError) {
        try require([.float32, .float16], of: 1)
        let scale = try required(1).shape
        if let zeroPoint = self[2]?.shape, zeroPoint != scale, zeroPoint.elementCount != 1 || scale.elementCount != 1 {
            throw .shapeMismatch(operator: operatorName, input: 2, got: zeroPoint, expected: "the scale's, \(scale)")
        }
        _ = try QuantizationLayout(
            try required(0).shape,
            scale: scale,
            axis: axis,
            blockExtent: blockExtent,
            of: operatorName
        )
    }
}
