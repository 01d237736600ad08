// SPDX-License-Identifier: Apache-2.0

/// `dst = arctan(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Atan, opset 22.
public struct Atan: FloatUnaryOperator, ParameterlessOperator {
    /// `Atan`.
    public static let name = "Atan"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.atan(x) }
}
