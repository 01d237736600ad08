// SPDX-License-Identifier: Apache-2.0

/// `dst = tanh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Tanh, opset 13.
public struct Tanh: FloatUnaryOperator, ParameterlessOperator {
    /// `Tanh`.
    public static let name = "Tanh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.tanh(x) }
}
