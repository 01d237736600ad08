// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src < -λ ? src + bias : src > λ ? src - bias : 0`, element by element.
///
/// src: any numeric type and shape; dst: the same. Source: ONNX Shrink, opset 9.
public struct Shrink: NumericUnaryOperator {
    /// `Shrink`.
    public static let name = "Shrink"

    /// λ, the threshold.
    public var threshold: Float
    /// What is taken off the magnitude.
    public var bias: Float

    /// The operator with ONNX's default parameters unless given.
    public init(threshold: Float = 0.5, bias: Float = 0) {
        self.threshold = threshold
        self.bias = bias
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        threshold = try attributes.float("threshold", for: Self.name)
        bias = try attributes.float("bias", for: Self.name)
    }

    /// `threshold`, `bias`.
    public var attributes: Attributes { ["threshold": .float(threshold), "bias": .float(bias)] }

    /// The scalar function on floating-point numbers.
    public func map<T: FloatElement>(_ x: T) -> T {
        if x.isNaN { return x }
        return x < -T(threshold) ? x + T(bias) : x > T(threshold) ? x - T(bias) : 0
    }

    /// The scalar function on integers, in `float64`.
    public func map<T: IntegerElement>(_ x: T) -> T { T(converting: map(x.asDouble)) }
}
