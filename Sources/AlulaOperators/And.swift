// SPDX-License-Identifier: Apache-2.0

/// `dst = left and right`, element by element, with broadcasting.
///
/// left, right: bool tensors whose shapes broadcast; dst: bool, the joint shape. Source: ONNX And, opset 7.
public struct And: LogicalOperator {
    /// `And`.
    public static let name = "And"

    /// The operator has no parameters.
    public init() {}

    /// The truth table.
    public func combine(_ left: Bool, _ right: Bool) -> Bool { left && right }
}
