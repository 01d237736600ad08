// SPDX-License-Identifier: Apache-2.0

/// `dst = src rounded to the nearest integer, halves to the even one`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Round, opset 22.
public struct Round: FloatUnaryOperator, ParameterlessOperator {
    /// `Round`.
    public static let name = "Round"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x.rounded(.toNearestOrEven) }
}
