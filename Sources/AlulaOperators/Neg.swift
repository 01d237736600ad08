// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = -src`, element by element.
///
/// src: any numeric type and shape; dst: the same. Integers wrap.
/// Source: ONNX Neg, opset 13.
public struct Neg: NumericUnaryOperator, ParameterlessOperator {
    /// `Neg`.
    public static let name = "Neg"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func map<T: FloatElement>(_ x: T) -> T { -x }
    /// The scalar function on integers.
    public func map<T: IntegerElement>(_ x: T) -> T { 0 &- x }
}
