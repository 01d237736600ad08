// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src` converted to the element type of another tensor.
///
/// src: any type and shape; target: any tensor, of which only the type counts; dst: src's shape. Conversions are those of
/// ``Cast``. Source: ONNX CastLike, opset 21.
public struct CastLike: ParameterlessOperator {
    /// `CastLike`.
    public static let name = "CastLike"

    /// The operator has no parameters.
    public init() {}

    /// The target's type in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        return [TensorType(try inputs.required(1).dataType, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        convertElements(of: src, into: dst)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
