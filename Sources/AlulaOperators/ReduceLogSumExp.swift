// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = ln(Σ eˢʳᶜ)` over the reduced axes.
///
/// src: numeric, any shape; axes: optional integers; dst: src's type, see ``ReductionOperator`` for its shape.
/// Source: ONNX ReduceLogSumExp, opset 18.
public struct ReduceLogSumExp: ReductionOperator {
    /// `ReduceLogSumExp`.
    public static let name = "ReduceLogSumExp"

    /// Whether reduced axes stay, with extent 1.
    public var keepsDimensions: Bool
    /// Whether missing or empty axes mean none instead of all.
    public var ignoresEmptyAxes: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(keepsDimensions: Bool = true, ignoresEmptyAxes: Bool = false) {
        self.keepsDimensions = keepsDimensions
        self.ignoresEmptyAxes = ignoresEmptyAxes
    }

    /// Subtracts each largest element before exponentiating, so that nothing overflows.
    public func reduce(_ src: Tensor, to keptShape: Shape, into dst: Tensor) {
        func run<T: NumericElement>(_: T.Type) {
            let maxima = foldAxes(of: src, to: keptShape, from: -Double.infinity) { (best: Double, x: T) in
                let x = x.asDouble
                return x.isNaN || x > best ? x : best
            }
            // Pairs, so that a step knows its maximum; an infinite maximum is not subtracted.
            var sums = maxima.map { (shift: $0.isFinite ? $0 : 0, sum: 0.0) }
            foldAxes(of: src, to: keptShape, updating: &sums) { (sum: (shift: Double, sum: Double), x: T) in
                (sum.shift, sum.sum + ElementaryFunctions.exp(x.asDouble - sum.shift))
            }
            write(sums, to: dst) { T(converting: $0.shift + ElementaryFunctions.log($0.sum)) }
        }
        guard let type = src.dataType.numericElementType else { return }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }
}
