// SPDX-License-Identifier: Apache-2.0

/// `dst = src > α ? src : 0`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX ThresholdedRelu, opset 22.
public struct ThresholdedRelu: FloatUnaryOperator {
    /// `ThresholdedRelu`.
    public static let name = "ThresholdedRelu"

    /// The threshold.
    public var alpha: Float

    /// The operator with ONNX's default parameters unless given.
    public init(alpha: Float = 1) {
        self.alpha = alpha
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alpha = try attributes.float("alpha", for: Self.name)
    }

    /// `alpha`.
    public var attributes: Attributes { ["alpha": .float(alpha)] }

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x > Double(alpha) ? x : 0 }
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { x > alpha ? x : 0 }
}
