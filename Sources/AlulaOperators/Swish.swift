// SPDX-License-Identifier: Apache-2.0

/// `dst = src / (1 + e^(-α·src))`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Swish, opset 24.
public struct Swish: FloatUnaryOperator {
    /// `Swish`.
    public static let name = "Swish"

    /// The factor inside the sigmoid.
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
    public func apply(_ x: Double) -> Double { x * ElementaryFunctions.sigmoid(Double(alpha) * x) }
}
