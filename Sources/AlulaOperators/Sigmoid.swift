// SPDX-License-Identifier: Apache-2.0

/// `dst = 1 / (1 + e⁻ˢʳᶜ)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Sigmoid, opset 13.
public struct Sigmoid: FloatUnaryOperator, ParameterlessOperator {
    /// `Sigmoid`.
    public static let name = "Sigmoid"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.sigmoid(x) }
}
