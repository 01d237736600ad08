// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The number of elements of a tensor, as an int64 scalar.
///
/// Source: ONNX Size, opset 21.
public struct SizeOf: Operator, Equatable {
    /// `Size`.
    public static let name = "Size"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// An int64 scalar.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        _ = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        return [TensorType(.int64, .scalar)]
    }

    /// The element count, which the input's type tells.
    public func outputsKnownFromTypes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Tensor]? {
        let src = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0)
        return [Tensor(scalar: Int64(src.shape.elementCount))]
    }

    /// Writes the element count.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        dst.fill(from: Tensor(scalar: Int64(src.elementCount)))
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
