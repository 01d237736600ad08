// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left and right`, bit by bit, with broadcasting.
///
/// left, right: integer tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX BitwiseAnd, opset 18.
public struct BitwiseAnd: BitwiseOperator, ParameterlessOperator {
    /// `BitwiseAnd`.
    public static let name = "BitwiseAnd"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left & right }
}
