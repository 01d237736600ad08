// SPDX-License-Identifier: Apache-2.0

/// `dst = √src`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN below zero. Source: ONNX Sqrt, opset 13.
public struct Sqrt: FloatUnaryOperator, ParameterlessOperator {
    /// `Sqrt`.
    public static let name = "Sqrt"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x.squareRoot() }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x.squareRoot() }
}
