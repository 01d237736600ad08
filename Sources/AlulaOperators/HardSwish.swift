// SPDX-License-Identifier: Apache-2.0

/// `dst = src · max(0, min(1, src/6 + ½))`, element by element.
///
/// src: floating point, any shape; dst: the same. NaN stays NaN. Source: ONNX HardSwish, opset 22.
public struct HardSwish: FloatUnaryOperator, ParameterlessOperator {
    /// `HardSwish`.
    public static let name = "HardSwish"

    /// The operator has no parameters.
    public init() {}

    /// The scalar function.
    public func apply(_ x: Double) -> Double { x * max(0, min(1, x / 6 + 0.5)) }
}
