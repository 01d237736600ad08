// SPDX-License-Identifier: Apache-2.0

/// `dst = src < 0 ? α·src : src`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX LeakyRelu, opset 16.
public struct LeakyRelu: FloatUnaryOperator {
    /// `LeakyRelu`.
    public static let name = "LeakyRelu"

    /// The slope below zero.
    public var alpha: Float

    /// The operator with ONNX's default parameters unless given.
    public init(alpha: Float = 0.01) {
        self.alpha = alpha
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alpha = try attributes.float("alpha", for: Self.name)
    }

    /// `alpha`.
    public var attributes: Attributes { ["alpha": .float(alpha)] }

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x < 0 ? Double(alpha) * x : x }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x < 0 ? alpha * x : x }
}
