// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Stacked matrix product of quantised operands, summed in 32 bits.
///
/// `dst[…, m, n] = Σₖ (src[…, m, k] − srcZero[m]) · (weights[…, k, n] − weightsZero[n])`
///
/// src `[…, M, K]` and weights `[…, K, N]` (int8 or uint8 each), zero points of their operand's type (optional): one
/// element, or one a row of src and one a column of weights; dst int32, wrapping. Source: ONNX MatMulInteger, opset 10.
public struct MatMulInteger: Operator {
    /// `MatMulInteger`.
    public static let name = "MatMulInteger"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The product's shape in int32.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        let (src, weights) = (try inputs.required(0).shape, try inputs.required(1).shape)
        for index in 0...1 {
            try inputs.require(.bytes, of: index)
            if inputs[index + 2] != nil { try inputs.requireSameType(index, index + 2) }
        }
        let geometry = try MatMulGeometry(src: src, weights: weights, for: Self.name)
        try inputs.requireQuantization(2, of: src, along: .outer(rank: 2))
        try inputs.requireQuantization(3, of: weights, along: .inner)
        return [TensorType(.int32, geometry.dstShape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let geometry = try MatMulGeometry(src: src.shape, weights: weights.shape, for: Self.name)
        geometry.forEachRow(
            src: src.centered(on: inputs.operand(2), along: .outer(rank: 2)),
            weights: weights.centered(on: inputs.operand(3), along: .inner)
        ) { dst.store($0, at: $1) }
    }

    /// Two for every term of every sum, though of integers.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let src = inputs[0]?.shape, let weights = inputs[1]?.shape else { return 0 }
        return saturatingProduct(2, MatMulGeometry(src: src, weights: weights)?.productCount ?? 0)
    }
}
