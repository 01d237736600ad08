// SPDX-License-Identifier: Apache-2.0

/// `dst = arcsin(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN outside [-1, 1]. Source: ONNX Asin, opset 22.
public struct Asin: FloatUnaryOperator, ParameterlessOperator {
    /// `Asin`.
    public static let name = "Asin"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.asin(x) }
}
