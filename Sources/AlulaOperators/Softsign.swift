// SPDX-License-Identifier: Apache-2.0

/// `dst = src / (1 + |src|)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Softsign, opset 22.
public struct Softsign: FloatUnaryOperator, ParameterlessOperator {
    /// `Softsign`.
    public static let name = "Softsign"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x / (1 + abs(x)) }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x / (1 + abs(x)) }
}
