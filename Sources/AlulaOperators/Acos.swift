// SPDX-License-Identifier: Apache-2.0

/// `dst = arccos(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN outside [-1, 1]. Source: ONNX Acos, opset 22.
public struct Acos: FloatUnaryOperator, ParameterlessOperator {
    /// `Acos`.
    public static let name = "Acos"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.acos(x) }
}
