// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left xor right`, bit by bit, with broadcasting.
///
/// left, right: integer tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX BitwiseXor, opset 18.
public struct BitwiseXor: BitwiseOperator, ParameterlessOperator {
    /// `BitwiseXor`.
    public static let name = "BitwiseXor"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left ^ right }
}
