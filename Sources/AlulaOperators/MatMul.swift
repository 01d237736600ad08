// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Stacked matrix product with NumPy's rules.
///
/// `dst[…, m, n] = Σₖ src[…, m, k] · weights[…, k, n]`; leading axes broadcast; a one-dimensional operand is a row on the
/// left and a column on the right, and dst lacks that axis.
///
/// src `[…, M, K]`, weights `[…, K, N]`, dst `[…, M, N]`; float32, float16, float64 and all integer types, which wrap.
/// Source: ONNX MatMul, opset 13. TensorRT counterpart: `IMatrixMultiplyLayer`.
public struct MatMul: Operator {
    /// `MatMul`.
    public static let name = "MatMul"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The product's shape in the operands' type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.requireSameType(0, 1)
        let src = try inputs.required(0)
        let geometry = try MatMulGeometry(src: src.shape, weights: try inputs.required(1).shape, for: Self.name)
        return [TensorType(src.dataType, geometry.dstShape)]
    }

    /// The scalar definition: floats summed in double precision and rounded once, integers wrapping.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let geometry = try MatMulGeometry(src: src.shape, weights: weights.shape, for: Self.name)
        if src.dataType.isFloatingPoint {
            geometry.forEachRow(src: src.doubles(), weights: weights.doubles()) { dst.store($0, at: $1) }
        } else {
            geometry.forEachRow(src: src.wideIntegers(), weights: weights.wideIntegers()) { dst.store($0, at: $1) }
        }
    }

    /// Two for every term of every sum.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let src = inputs[0]?.shape, let weights = inputs[1]?.shape else { return 0 }
        return saturatingProduct(2, MatMulGeometry(src: src, weights: weights)?.productCount ?? 0)
    }
}
