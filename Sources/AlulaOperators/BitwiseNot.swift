// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = not src`, bit by bit.
///
/// src: integers, any shape; dst: the same. Source: ONNX BitwiseNot, opset 18.
public struct BitwiseNot: ParameterlessOperator {
    /// `BitwiseNot`.
    public static let name = "BitwiseNot"

    /// The operator has no parameters.
    public init() {}

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.integers, of: 0)
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        func run<T: IntegerElement>(_: T.Type) { mapElements(src, into: dst) { (x: T) in ~x } }
        if let type = src.dataType.integerElementType { run(type) }
    }

    /// Zero: no floating-point arithmetic.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
