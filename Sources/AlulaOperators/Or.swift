// SPDX-License-Identifier: Apache-2.0

/// `dst = left or right`, element by element, with broadcasting.
///
/// left, right: bool tensors whose shapes broadcast; dst: bool, the joint shape. Source: ONNX Or, opset 7.
public struct Or: LogicalOperator {
    /// `Or`.
    public static let name = "Or"

    /// The operator has no parameters.
    public init() {}

    /// The truth table.
    public func combine(_ left: Bool, _ right: Bool) -> Bool { left || right }
}
