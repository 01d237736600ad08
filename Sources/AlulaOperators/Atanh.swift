// SPDX-License-Identifier: Apache-2.0

/// `dst = artanh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. ±∞ at ±1, NaN beyond. Source: ONNX Atanh, opset 22.
public struct Atanh: FloatUnaryOperator, ParameterlessOperator {
    /// `Atanh`.
    public static let name = "Atanh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.atanh(x) }
}
