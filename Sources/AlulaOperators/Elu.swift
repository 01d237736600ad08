// SPDX-License-Identifier: Apache-2.0

/// `dst = src < 0 ? α·(eˢʳᶜ - 1) : src`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Elu, opset 22.
public struct Elu: FloatUnaryOperator {
    /// `Elu`.
    public static let name = "Elu"

    /// The negated limit at -∞.
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
    public func apply(_ x: Double) -> Double { x < 0 ? Double(alpha) * ElementaryFunctions.expm1(x) : x }
}
