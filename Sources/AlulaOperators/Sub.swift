// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left - right`, element by element, with broadcasting.
///
/// left, right: numeric tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX Sub, opset 14.
public struct Sub: BinaryArithmeticOperator, ParameterlessOperator {
    /// `Sub`.
    public static let name = "Sub"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left - right }
    /// The scalar function on integers; wraps.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T {
        left &- right
    }
}
