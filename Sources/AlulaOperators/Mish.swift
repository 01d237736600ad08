// SPDX-License-Identifier: Apache-2.0

/// `dst = src · tanh(ln(1 + eˢʳᶜ))`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Mish, opset 22.
public struct Mish: FloatUnaryOperator, ParameterlessOperator {
    /// `Mish`.
    public static let name = "Mish"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x * ElementaryFunctions.tanh(ElementaryFunctions.softplus(x)) }
}
