// SPDX-License-Identifier: Apache-2.0

/// `dst = γ·(src > 0 ? src : α·(eˢʳᶜ - 1))`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Selu, opset 22.
public struct Selu: FloatUnaryOperator {
    /// `Selu`.
    public static let name = "Selu"

    /// The factor below zero.
    public var alpha: Float
    /// The factor everywhere.
    public var gamma: Float

    /// The operator with ONNX's default parameters unless given.
    public init(alpha: Float = 1.673_263_2, gamma: Float = 1.050_701) {
        self.alpha = alpha
        self.gamma = gamma
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alpha = try attributes.float("alpha", for: Self.name)
        gamma = try attributes.float("gamma", for: Self.name)
    }

    /// `alpha`, `gamma`.
    public var attributes: Attributes { ["alpha": .float(alpha), "gamma": .float(gamma)] }

    /// The scalar function.
    public func apply(_ x: Double) -> Double {
        Double(gamma) * (x <= 0 ? Double(alpha) * ElementaryFunctions.expm1(x) : x)
    }
}
