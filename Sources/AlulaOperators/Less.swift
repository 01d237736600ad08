// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left < right`, element by element, with broadcasting.
///
/// left, right: numeric tensors of one type whose shapes broadcast; dst: bool, the joint shape.
/// False where an operand is NaN. Source: ONNX Less, opset 13.
public struct Less: ComparisonOperator {
    /// `Less`.
    public static let name = "Less"

    /// The operator has no parameters.
    public init() {}

    /// The scalar comparison.
    public func compare<T: NumericElement>(_ left: T, _ right: T) -> Bool { left < right }
}
