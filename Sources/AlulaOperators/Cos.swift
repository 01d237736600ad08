// SPDX-License-Identifier: Apache-2.0

/// `dst = cos(src), src in radians`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Cos, opset 22.
public struct Cos: FloatUnaryOperator, ParameterlessOperator {
    /// `Cos`.
    public static let name = "Cos"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.cos(x) }
}
