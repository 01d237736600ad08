// SPDX-License-Identifier: Apache-2.0

/// `dst = 1 / src`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Reciprocal, opset 13.
public struct Reciprocal: FloatUnaryOperator, ParameterlessOperator {
    /// `Reciprocal`.
    public static let name = "Reciprocal"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { 1 / x }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { 1 / x }
}
