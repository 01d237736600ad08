// SPDX-License-Identifier: Apache-2.0

/// `dst = ln(1 + eˢʳᶜ)`, element by element.
///
/// src: floating point, any shape; dst: the same. Does not overflow. Source: ONNX Softplus, opset 22.
public struct Softplus: FloatUnaryOperator, ParameterlessOperator {
    /// `Softplus`.
    public static let name = "Softplus"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.softplus(x) }
}
