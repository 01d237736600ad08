// SPDX-License-Identifier: Apache-2.0

/// `dst = arcosh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN below 1. Source: ONNX Acosh, opset 22.
public struct Acosh: FloatUnaryOperator, ParameterlessOperator {
    /// `Acosh`.
    public static let name = "Acosh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.acosh(x) }
}
