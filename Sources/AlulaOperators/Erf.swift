// SPDX-License-Identifier: Apache-2.0

/// `dst = erf(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Erf, opset 13.
public struct Erf: FloatUnaryOperator, ParameterlessOperator {
    /// `Erf`.
    public static let name = "Erf"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.erf(x) }
}
