// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = |src|`, element by element.
///
/// src: any numeric type and shape; dst: the same. The smallest signed integer stays itself.
/// Source: ONNX Abs, opset 13.
public struct Abs: NumericUnaryOperator, ParameterlessOperator {
    /// `Abs`.
    public static let name = "Abs"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func map<T: FloatElement>(_ x: T) -> T { abs(x) }
    /// The scalar function on integers.
    public func map<T: IntegerElement>(_ x: T) -> T { x < 0 ? 0 &- x : x }
}
