// SPDX-License-Identifier: Apache-2.0

/// `dst = src < 0 ? α·(e^(src/α) - 1) : src`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Celu, opset 12.
public struct Celu: FloatUnaryOperator {
    /// `Celu`.
    public static let name = "Celu"

    /// The negated limit at -∞; not zero.
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
    public func apply(_ x: Double) -> Double {
        x < 0 ? Double(alpha) * ElementaryFunctions.expm1(x / Double(alpha)) : x
    }
}
