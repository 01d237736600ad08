// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A tensor of a given shape with one value everywhere.
///
/// Inputs: the extents as a list of integers, and optionally the value, one element of any type (float32 zero when
/// omitted; ONNX's attribute `value`, which the importer turns into a constant).
/// Source: ONNX ConstantOfShape, opset 21.
public struct ConstantOfShape: Operator, Equatable {
    /// `ConstantOfShape`.
    public static let name = "ConstantOfShape"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The value's type under the given shape; needs the content of the first input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        if let value = checked[1], value.shape.elementCount != 1 {
            throw try checked.shapeMismatch(1, expected: "one element")
        }
        let shape = try checked.checkedShape(try checked.integerList(0), from: 0)
        return [TensorType(checked[1]?.dataType ?? .float32, shape)]
    }

    /// Fills.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs.first ?? nil else { return }
        dst.fill(from: (inputs.count > 1 ? inputs[1] : nil) ?? Tensor(scalar: Float(0)))
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
