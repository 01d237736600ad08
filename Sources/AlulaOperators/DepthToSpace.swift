// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Moves blocks of channels into height and width.
///
/// With block extent `b` and `C′ = C / b²`: `dst[n, c, h·b + i, w·b + j] = src[n, (i·b + j)·C′ + c, h, w]` (depth, column,
/// row), or `src[n, (c·b + i)·b + j, h, w]` (column, row, depth) if ``isChannelMajor``.
///
/// src `[N, C, H, W]` of any type, dst `[N, C / b², H·b, W·b]`. Source: ONNX DepthToSpace, opset 13.
public struct DepthToSpace: Operator {
    /// `DepthToSpace`.
    public static let name = "DepthToSpace"

    /// The extent of a block along height and width.
    public var blockExtent: Int
    /// Whether a block's elements are neighbouring channels (ONNX's mode `CRD`) instead of planes apart (`DCR`).
    public var isChannelMajor: Bool

    /// A rearrangement.
    public init(blockExtent: Int, isChannelMajor: Bool = false) {
        self.blockExtent = blockExtent
        self.isChannelMajor = isChannelMajor
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        blockExtent = try attributes.integer("blocksize", for: Self.name)
        isChannelMajor = try attributes.bool("isChannelMajor", default: false, for: Self.name)
    }

    /// `blocksize`, `isChannelMajor`.
    public var attributes: Attributes {
        ["blocksize": .integer(blockExtent), "isChannelMajor": .integer(isChannelMajor ? 1 : 0)]
    }

    /// `[N, C / b², H·b, W·b]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(rank: 4...4, of: 0)
        let src = try inputs.required(0)
        let (shape, b) = (src.shape, blockExtent)
        guard b >= 1, b < 1 << 15, shape[1] % (b * b) == 0 else {
            let expected = "1 or more, its square a divisor of the \(shape[1]) channels"
            throw .invalidAttribute(operator: Self.name, attribute: "blocksize", got: "\(b)", expected: expected)
        }
        let extents = [shape[0], shape[1] / (b * b), shape[2] * b, shape[3] * b]
        return [TensorType(src.dataType, try inputs.outputShape(extents))]
    }

    /// A transposition of src seen with six axes.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let (shape, b) = (src.shape, blockExtent)
        let channels = shape[1] / (b * b)
        let split = isChannelMajor ? [channels, b, b] : [b, b, channels]
        let permutation = isChannelMajor ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
        try Transpose(permutation: permutation).evaluate(
            [src.reshaped(to: Shape([shape[0]] + split + [shape[2], shape[3]]))],
            into: [dst.reshaped(to: [shape[0], channels, shape[2], b, shape[3], b])]
        )
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
