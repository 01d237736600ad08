// SPDX-License-Identifier: Apache-2.0

/// `dst = sin(src), src in radians`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Sin, opset 22.
public struct Sin: FloatUnaryOperator, ParameterlessOperator {
    /// `Sin`.
    public static let name = "Sin"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.sin(x) }
}
