// SPDX-License-Identifier: Apache-2.0

/// `dst = sinh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Sinh, opset 22.
public struct Sinh: FloatUnaryOperator, ParameterlessOperator {
    /// `Sinh`.
    public static let name = "Sinh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.sinh(x) }
}
