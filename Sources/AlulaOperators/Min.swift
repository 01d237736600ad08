// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = min(src₀, src₁, …)`, element by element, with broadcasting.
///
/// src₀…: one or more numeric tensors of one type whose shapes broadcast; dst: the joint shape.
/// NaN in any operand gives NaN. Source: ONNX Min, opset 13.
public struct Min: VariadicOperator {
    /// `Min`.
    public static let name = "Min"

    /// The operator has no parameters.
    public init() {}

    /// One step of the fold.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left.isNaN || left < right ? left : right }
    /// One step of the fold on integers.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left < right ? left : right }
}
