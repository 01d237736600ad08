// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Where a tensor is not zero: `dst[axis, n]` is the index along `axis` of its n-th element that is not zero.
///
/// src: any type and rank; dst: int64, [rank, count], in row-major order of src (rank 0 gives no rows).
/// Source: ONNX NonZero, opset 13.
public struct NonZero: Operator, Equatable {
    /// `NonZero`.
    public static let name = "NonZero"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// One row an axis, one column an element that is not zero; needs the content of the input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        let src = try checked.value(0)
        return [TensorType(.int64, try checked.checkedShape([src.shape.rank, Self.positions(src).count], from: 0))]
    }

    /// Linear indices of the elements that are not zero.
    private static func positions(_ src: Tensor) -> [Int] {
        func search<T: Element>(_: T.Type) -> [Int] {
            let source = src.span(of: T.self)
            var positions: [Int] = []
            for index in 0..<source.count where source[index] != T.zeroElement { positions.append(index) }
            return positions
        }
        return src.dataType.withElementType { search($0) }
    }

    /// Writes the indices.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let src = try CheckedInputs(inputs, of: Self.name, count: 1...1).value(0)
        let positions = Self.positions(src)
        guard let dst = try Self.output(0, of: outputs, shape: [src.shape.rank, positions.count]) else { return }
        var target = dst.mutableSpan(of: Int64.self)
        for (axis, stride) in src.shape.contiguousStrides.enumerated() {
            for (column, position) in positions.enumerated() {
                target[axis * positions.count + column] = Int64(position / stride % src.shape[axis])
            }
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
