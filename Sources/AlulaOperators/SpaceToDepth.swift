// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Moves blocks of height and width into channels.
///
/// With block extent `b`: `dst[n, (i·b + j)·C + c, h, w] = src[n, c, h·b + i, w·b + j]`.
///
/// src `[N, C, H, W]` of any type, dst `[N, C·b², H / b, W / b]`. Source: ONNX SpaceToDepth, opset 13.
public struct SpaceToDepth: Operator {
    /// `SpaceToDepth`.
    public static let name = "SpaceToDepth"

    /// The extent of a block along height and width.
    public var blockExtent: Int

    /// A rearrangement.
    public init(blockExtent: Int) { self.blockExtent = blockExtent }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        blockExtent = try attributes.integer("blocksize", for: Self.name)
    }

    /// `blocksize`.
    public var attributes: Attributes { ["blocksize": .integer(blockExtent)] }

    /// `[N, C·b², H / b, W / b]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(rank: 4...4, of: 0)
        let src = try inputs.required(0)
        let (shape, b) = (src.shape, blockExtent)
        guard b >= 1, b < 1 << 15, shape[1] < 1 << 30, shape[2] % b == 0, shape[3] % b == 0 else {
            let expected = "1 or more, a divisor of height \(shape[2]) and width \(shape[3])"
            throw .invalidAttribute(operator: Self.name, attribute: "blocksize", got: "\(b)", expected: expected)
        }
        let extents = [shape[0], shape[1] * b * b, shape[2] / b, shape[3] / b]
        return [TensorType(src.dataType, try inputs.outputShape(extents))]
    }

    /// A transposition of src seen with six axes.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let (shape, b) = (src.shape, blockExtent)
        try Transpose(permutation: [0, 3, 5, 1, 2, 4]).evaluate(
            [src.reshaped(to: [shape[0], shape[1], shape[2] / b, b, shape[3] / b, b])],
            into: [dst.reshaped(to: [shape[0], b, b, shape[1], shape[2] / b, shape[3] / b])]
        )
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
