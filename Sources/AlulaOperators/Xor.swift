// SPDX-License-Identifier: Apache-2.0

/// `dst = left xor right`, element by element, with broadcasting.
///
/// left, right: bool tensors whose shapes broadcast; dst: bool, the joint shape. Source: ONNX Xor, opset 7.
public struct Xor: LogicalOperator {
    /// `Xor`.
    public static let name = "Xor"

    /// The operator has no parameters.
    public init() {}

    /// The truth table.
    public func combine(_ left: Bool, _ right: Bool) -> Bool { left != right }
}
