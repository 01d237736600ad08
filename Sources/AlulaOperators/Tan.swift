// SPDX-License-Identifier: Apache-2.0

/// `dst = tan(src), src in radians`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Tan, opset 22.
public struct Tan: FloatUnaryOperator, ParameterlessOperator {
    /// `Tan`.
    public static let name = "Tan"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.tan(x) }
}
