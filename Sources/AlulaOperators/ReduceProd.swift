// SPDX-License-Identifier: Apache-2.0

/// `dst = Π src` over the reduced axes.
///
/// src: numeric, any shape; axes: optional integers; dst: src's type, see ``ReductionOperator`` for its shape.
/// Source: ONNX ReduceProd, opset 18.
public struct ReduceProd: FoldingReduction {
    /// `ReduceProd`.
    public static let name = "ReduceProd"

    /// Whether reduced axes stay, with extent 1.
    public var keepsDimensions: Bool
    /// Whether missing or empty axes mean none instead of all.
    public var ignoresEmptyAxes: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(keepsDimensions: Bool = true, ignoresEmptyAxes: Bool = false) {
        self.keepsDimensions = keepsDimensions
        self.ignoresEmptyAxes = ignoresEmptyAxes
    }

    /// The product of nothing.
    public var start: Int { 1 }
    /// One step of the fold.
    public func fold(_ accumulator: Double, _ x: Double) -> Double { accumulator * x }
    /// One step of the fold on integers.
    public func fold(_ accumulator: Int64, _ x: Int64) -> Int64 { accumulator &* x }
}
