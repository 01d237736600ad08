// SPDX-License-Identifier: Apache-2.0

/// `dst = src·Φ(src)`, element by element, with Φ the normal distribution function.
///
/// Exactly `½·src·(1 + erf(src/√2))`, or approximately `½·src·(1 + tanh(√(2/π)·(src + 0.044715·src³)))`.
/// src: floating point, any shape; dst: the same. Source: ONNX Gelu, opset 20.
public struct Gelu: FloatUnaryOperator {
    /// `Gelu`.
    public static let name = "Gelu"

    /// Whether Φ is approximated with a hyperbolic tangent.
    public var usesTanh: Bool

    /// The exact function, or its approximation.
    public init(usesTanh: Bool = false) { self.usesTanh = usesTanh }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        usesTanh = try attributes.bool("usesTanh", for: Self.name)
    }

    /// `usesTanh`.
    public var attributes: Attributes { ["usesTanh": .integer(usesTanh ? 1 : 0)] }

    /// The scalar function.
    public func apply(_ x: Double) -> Double {
        if usesTanh {
            // (1 + tanh z)/2 = 1/(1 + e^(-2z)), without the cancellation at large negative z.
            return x * ElementaryFunctions.sigmoid(2 * 0.7978845608028654 * (x + 0.044715 * x * x * x))
        }
        return 0.5 * x * ElementaryFunctions.erfc(x * -0.7071067811865476)
    }
}
