// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left / right`, element by element, with broadcasting.
///
/// left, right: numeric tensors of one type whose shapes broadcast; dst: the joint shape.
/// Integers truncate toward zero; division by integer zero gives 0. Source: ONNX Div, opset 14.
public struct Div: BinaryArithmeticOperator, ParameterlessOperator {
    /// `Div`.
    public static let name = "Div"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left / right }
    /// The scalar function on integers; wraps.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T {
        right == 0 ? 0 : left.dividedReportingOverflow(by: right).partialValue
    }
}
