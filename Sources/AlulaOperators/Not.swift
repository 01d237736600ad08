// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = !src`, element by element.
///
/// src: bool, any shape; dst: the same. Source: ONNX Not, opset 1.
public struct Not: ParameterlessOperator {
    /// `Not`.
    public static let name = "Not"

    /// The operator has no parameters.
    public init() {}

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require([.bool], of: 0)
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        mapElements(src, into: dst) { (x: Bool) in !x }
    }

    /// Zero: no arithmetic.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
