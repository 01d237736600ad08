// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left or right`, bit by bit, with broadcasting.
///
/// left, right: integer tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX BitwiseOr, opset 18.
public struct BitwiseOr: BitwiseOperator, ParameterlessOperator {
    /// `BitwiseOr`.
    public static let name = "BitwiseOr"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left | right }
}
