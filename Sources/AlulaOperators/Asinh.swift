// SPDX-License-Identifier: Apache-2.0

/// `dst = arsinh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Asinh, opset 22.
public struct Asinh: FloatUnaryOperator, ParameterlessOperator {
    /// `Asinh`.
    public static let name = "Asinh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.asinh(x) }
}
