// SPDX-License-Identifier: Apache-2.0

/// `dst = ln(src)`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN below zero, -∞ at zero. Source: ONNX Log, opset 13.
public struct Log: FloatUnaryOperator, ParameterlessOperator {
    /// `Log`.
    public static let name = "Log"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { ElementaryFunctions.log(x) }
}
