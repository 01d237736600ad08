// SPDX-License-Identifier: Apache-2.0

/// `dst = max(src)` over the reduced axes.
///
/// src: any type, any shape; axes: optional integers; dst: src's type, see ``ReductionOperator`` for its shape.
/// Source: ONNX ReduceMax, opset 20.
public struct ReduceMax: ExtremeReduction {
    /// `ReduceMax`.
    public static let name = "ReduceMax"
    /// True.
    public static let isMaximum = true

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
