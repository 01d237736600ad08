// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left + right`, element by element, with broadcasting.
///
/// left, right: numeric tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX Add, opset 14.
public struct Add: BinaryArithmeticOperator, ParameterlessOperator {
    /// `Add`.
    public static let name = "Add"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left + right }
    /// The scalar function on integers; wraps.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T {
        left &+ right
    }
}
