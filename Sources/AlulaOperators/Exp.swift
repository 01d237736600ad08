// SPDX-License-Identifier: Apache-2.0

/// `dst = eˢʳᶜ`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Exp, opset 13.
public struct Exp: FloatUnaryOperator, ParameterlessOperator {
    /// `Exp`.
    public static let name = "Exp"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.exp(x) }
}
