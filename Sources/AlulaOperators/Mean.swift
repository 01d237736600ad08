// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = (src₀ + src₁ + … + srcₙ₋₁) / n`, element by element, with broadcasting.
///
/// src₀…: one or more floating-point tensors of one type whose shapes broadcast; dst: the joint shape.
/// Source: ONNX Mean, opset 13.
public struct Mean: VariadicOperator {
    /// `Mean`.
    public static let name = "Mean"

    /// float32, float16, float64.
    public static let supportedDataTypes: Set<DataType> = .floats

    /// The operator has no parameters.
    public init() {}

    /// One step of the fold.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left + right }
    /// One step of the fold on integers.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left &+ right }
    /// The sum divided by the number of operands.
    public func finish<T: FloatElement>(_ folded: T, count: Int) -> T { folded / T(count) }
}
