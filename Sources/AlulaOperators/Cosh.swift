// SPDX-License-Identifier: Apache-2.0

/// `dst = cosh(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. Source: ONNX Cosh, opset 22.
public struct Cosh: FloatUnaryOperator, ParameterlessOperator {
    /// `Cosh`.
    public static let name = "Cosh"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.cosh(x) }
}
