// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[…] = det(src[…, :, :])`.
///
/// src: floating point `[…, M, M]`; dst: `[…]`. By elimination with row exchanges, in `float64`.
/// Source: ONNX Det, opset 22.
public struct Det: ParameterlessOperator {
    /// `Det`.
    public static let name = "Det"

    /// The operator has no parameters.
    public init() {}

    /// The leading axes.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        try inputs.require(rank: 2...Int.max, of: 0)
        let src = try inputs.required(0).type
        let rank = src.shape.rank
        guard src.shape[rank - 1] == src.shape[rank - 2] else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src.shape, expected: "square matrices")
        }
        return [TensorType(src.dataType, Shape(src.shape.extents.dropLast(2)))]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0), let type = dst.dataType.floatElementType
        else { return }
        let order = src.shape[src.shape.rank - 1]
        let elements = src.doubles()
        let determinants = (0..<dst.elementCount).map { index in
            determinant(Array(elements[index * order * order..<(index + 1) * order * order]), order: order)
        }
        func run<T: FloatElement>(_: T.Type) { write(determinants, to: dst) { T($0) } }
        run(type)
    }

    private func determinant(_ matrix: [Double], order: Int) -> Double {
        var matrix = matrix
        var product = 1.0
        for column in 0..<order {
            var pivot = column
            for row in column..<order where abs(matrix[row * order + column]) > abs(matrix[pivot * order + column]) {
                pivot = row
            }
            let leading = matrix[pivot * order + column]
            product *= pivot == column ? leading : -leading
            guard leading != 0 else { return product }
            for index in 0..<order { matrix.swapAt(pivot * order + index, column * order + index) }
            for row in column + 1..<max(order, column + 1) {
                let factor = matrix[row * order + column] / leading
                for index in column..<order {
                    matrix[row * order + index] -= factor * matrix[column * order + index]
                }
            }
        }
        return product
    }

    /// Two thirds of M³ a matrix.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard let shape = (inputs.first ?? nil)?.shape, let order = shape.last else { return 0 }
        return shape.elementCount * order * 2 / 3
    }
}
