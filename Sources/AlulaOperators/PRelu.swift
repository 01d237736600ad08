// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src < 0 ? slope·src : src`, element by element.
///
/// src: numeric, any shape; slope: the same type, a shape that broadcasts to src's; dst: src's shape.
/// Source: ONNX PRelu, opset 16.
public struct PRelu: BinaryArithmeticOperator, ParameterlessOperator {
    /// `PRelu`.
    public static let name = "PRelu"

    /// The operator has no parameters.
    public init() {}

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.requireSameType(0, 1)
        let src = try inputs.required(0)
        let slope = try inputs.required(1).shape
        guard src.shape.broadcast(with: slope) == src.shape else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 1,
                got: slope,
                expected: "a shape that broadcasts to \(src.shape)"
            )
        }
        return [src.type]
    }

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left < 0 ? right * left : left }
    /// The scalar function on integers; wraps.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left < 0 ? right &* left : left }
}
