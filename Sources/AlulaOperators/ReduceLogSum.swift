// SPDX-License-Identifier: Apache-2.0

/// `dst = ln(Σ src)` over the reduced axes.
///
/// src: numeric, any shape; axes: optional integers; dst: src's type, see ``ReductionOperator`` for its shape.
/// Source: ONNX ReduceLogSum, opset 18.
public struct ReduceLogSum: FoldingReduction {
    /// `ReduceLogSum`.
    public static let name = "ReduceLogSum"
    /// False: roots, logarithms and quotients are not integers.
    public static let foldsIntegers = false

    /// Whether reduced axes stay, with extent 1.
    public var keepsDimensions: Bool
    /// Whether missing or empty axes mean none instead of all.
    public var ignoresEmptyAxes: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(keepsDimensions: Bool = true, ignoresEmptyAxes: Bool = false) {
        self.keepsDimensions = keepsDimensions
        self.ignoresEmptyAxes = ignoresEmptyAxes
    }

    /// One step of the fold.
    public func fold(_ accumulator: Double, _ x: Double) -> Double { accumulator + x }
    /// One step of the fold on integers.
    public func fold(_ accumulator: Int64, _ x: Int64) -> Int64 { accumulator &+ x }
    /// The logarithm of the sum.
    public func finish(_ accumulator: Double, count: Int) -> Double { ElementaryFunctions.log(accumulator) }
}
