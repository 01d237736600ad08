// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Stacked matrix product of quantised operands, quantised again.
///
/// `dst = saturate(round(Σₖ (src − srcZero) · (weights − weightsZero) · srcScale · weightsScale / dstScale) + dstZero)`,
/// ties to even.
///
/// Inputs: src `[…, M, K]`, its scale and zero point, weights `[…, K, N]`, its scale and zero point, dst's scale and zero
/// point. Operands and zero points are int8 or uint8, scales float32 or float16. Parameters of src and dst have one
/// element or one a row, those of weights one element or one a column. dst has its zero point's type. Source: ONNX
/// QLinearMatMul, opset 21.
public struct QLinearMatMul: Operator {
    /// `QLinearMatMul`.
    public static let name = "QLinearMatMul"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The product's shape in the type of dst's zero point.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 8...8)
        for index in [0, 3, 7] { try inputs.require(.bytes, of: index) }
        for index in [1, 4, 6] { try inputs.require(.floats, of: index) }
        for index in [0, 3] { try inputs.requireSameType(index, index + 2) }
        let (src, weights) = (try inputs.required(0).shape, try inputs.required(3).shape)
        let geometry = try MatMulGeometry(src: src, weights: weights, weightsInput: 3, for: Self.name)
        for index in [1, 2] { try inputs.requireQuantization(index, of: src, along: .outer(rank: 2)) }
        for index in [4, 5] { try inputs.requireQuantization(index, of: weights, along: .inner) }
        for index in [6, 7] { try inputs.requireQuantization(index, of: geometry.stackedShape, along: .outer(rank: 2)) }
        return [TensorType(try inputs.required(7).dataType, geometry.dstShape)]
    }

    /// The scalar definition; exact sums, scaled in double precision.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let operands = inputs.compactMap(\.self)
        guard operands.count == 8, let dst = outputs[0] else { return }
        let (src, weights) = (operands[0], operands[3])
        let geometry = try MatMulGeometry(src: src.shape, weights: weights.shape, weightsInput: 3, for: Self.name)
        let srcScales = spread(operands[1].doubles(), operands[1].shape, .outer(rank: 2), geometry)
        let weightsScales = spread(operands[4].doubles(), operands[4].shape, .inner, geometry)
        let dstScales = spread(operands[6].doubles(), operands[6].shape, .outer(rank: 2), geometry)
        let dstZeros = spread(operands[7].wideIntegers(), operands[7].shape, .outer(rank: 2), geometry)
        geometry.forEachRow(
            src: src.centered(on: operands[2], along: .outer(rank: 2)),
            weights: weights.centered(on: operands[5], along: .inner)
        ) { sums, start in
            let values = sums.indices.map { index in
                let scale = srcScales[start + index] * weightsScales[start + index] / dstScales[start + index]
                return Double(sums[index]) * scale
            }
            dst.storeQuantized(values, zeroPoints: Array(dstZeros[start..<start + sums.count]), at: start)
        }
    }

    /// One parameter for every element of the product.
    private func spread<T>(_ values: [T], _ shape: Shape, _ axis: QuantizedAxis, _ geometry: MatMulGeometry) -> [T] {
        let target = geometry.stackedShape
        let strides = axis.broadcastShape(shape).broadcastStrides(to: target)
        var position = StridedIndices(target, first: strides)
        return (0..<target.elementCount).map { _ in
            defer { position.advance() }
            return values[position.offsets.first]
        }
    }

    /// Two for every term of every sum, though of integers, and two an element for scaling.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 3, let src = inputs[0]?.shape, let weights = inputs[3]?.shape,
            let geometry = MatMulGeometry(src: src, weights: weights)
        else { return 0 }
        return saturatingProduct(geometry.batchShape.elementCount, geometry.m, geometry.n, 2 * geometry.k + 2)
    }
}

extension MatMulGeometry {
    /// Batch, `m` and `n`, also where a one-dimensional operand takes an axis away from dst.
    var stackedShape: Shape { Shape(batchShape.extents + [m, n]) }
}
