// SPDX-License-Identifier: Apache-2.0

/// `dst = max(0, min(1, α·src + β))`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX HardSigmoid, opset 22.
public struct HardSigmoid: FloatUnaryOperator {
    /// `HardSigmoid`.
    public static let name = "HardSigmoid"

    /// The slope.
    public var alpha: Float
    /// The value at zero.
    public var beta: Float

    /// The operator with ONNX's default parameters unless given.
    public init(alpha: Float = 0.2, beta: Float = 0.5) {
        self.alpha = alpha
        self.beta = beta
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alpha = try attributes.float("alpha", for: Self.name)
        beta = try attributes.float("beta", for: Self.name)
    }

    /// `alpha`, `beta`.
    public var attributes: Attributes { ["alpha": .float(alpha), "beta": .float(beta)] }

    /// The scalar function.
    public func apply(_ x: Double) -> Double {
        let line = Double(alpha) * x + Double(beta)
        return line < 0 ? 0 : line > 1 ? 1 : line
    }
}
