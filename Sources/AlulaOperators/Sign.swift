// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = -1, 0 or 1 by the sign of src`, element by element.
///
/// src: any numeric type and shape; dst: the same. NaN and zeros stay themselves.
/// Source: ONNX Sign, opset 13.
public struct Sign: NumericUnaryOperator, ParameterlessOperator {
    /// `Sign`.
    public static let name = "Sign"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func map<T: FloatElement>(_ x: T) -> T { x > 0 ? 1 : x < 0 ? -1 : x }
    /// The scalar function on integers.
    public func map<T: IntegerElement>(_ x: T) -> T { x > 0 ? 1 : x < 0 ? 0 &- 1 : 0 }
}
