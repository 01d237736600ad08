// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src`.
///
/// src: any type and shape; dst: the same. Source: ONNX Identity, opset 21 (tensors only).
public struct Identity: Operator {
    /// `Identity`.
    public static let name = "Identity"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).type]
    }

    /// Copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        dst.copyElements(from: src)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
