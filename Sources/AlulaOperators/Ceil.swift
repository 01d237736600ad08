// SPDX-License-Identifier: Apache-2.0

/// `dst = ⌈src⌉`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Ceil, opset 13.
public struct Ceil: FloatUnaryOperator, ParameterlessOperator {
    /// `Ceil`.
    public static let name = "Ceil"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x.rounded(.up) }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x.rounded(.up) }
}
