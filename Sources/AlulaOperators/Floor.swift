// SPDX-License-Identifier: Apache-2.0

/// `dst = ⌊src⌋`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Floor, opset 13.
public struct Floor: FloatUnaryOperator, ParameterlessOperator {
    /// `Floor`.
    public static let name = "Floor"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x.rounded(.down) }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x.rounded(.down) }
}
