// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src is NaN`, element by element.
///
/// src: floating point, any shape; dst: bool, the same shape. Source: ONNX IsNaN, opset 20.
public struct IsNaN: ParameterlessOperator {
    /// `IsNaN`.
    public static let name = "IsNaN"

    /// The operator has no parameters.
    public init() {}

    /// Bool in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        return [TensorType(.bool, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0), let type = src.dataType.floatElementType
        else { return }
        func run<T: FloatElement>(_: T.Type) { mapElements(src, into: dst) { (x: T) in x.isNaN } }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }
}
