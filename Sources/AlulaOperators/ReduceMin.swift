// SPDX-License-Identifier: Apache-2.0

/// `dst = min(src)` over the reduced axes.
///
/// src: any type, any shape; axes: optional integers; dst: src's type, see ``ReductionOperator`` for its shape.
/// Source: ONNX ReduceMin, opset 20.
public struct ReduceMin: ExtremeReduction {
    /// `ReduceMin`.
    public static let name = "ReduceMin"
    /// False.
    public static let isMaximum = false

    /// Whether reduced axes stay, with extent 1.
    public var keepsDimensions: Bool
    /// Whether missing or empty axes mean none instead of all.
    public var ignoresEmptyAxes: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(keepsDimensions: Bool = true, ignoresEmptyAxes: Bool = false) {
        self.keepsDimensions = keepsDimensions
        self.ignoresEmptyAxes = ignoresEmptyAxes
    }

}
