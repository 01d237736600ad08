// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// Every `stride`-th element of dst along one axis of a transposed convolution, from element `phase` on: what a plain convolution
/// of stride 1 over src gives.
///
/// Element `phase + stride·t` of dst is the sum of `src[t + shift(k)] · weights[k]` over the taps `k` that meet it. Sorted by
/// shift, which falls as `k` grows, they are the taps of a window.
struct TransposedPhase: Hashable {
    /// The first element of dst.
    let phase: Int
    /// The convolution: its src is that of the transposed one, its dst the phase.
    let window: WindowAxis
    /// By tap of ``window``: the tap of the transposed convolution; empty where nothing meets the phase, and the only tap of the
    /// window weighs nothing.
    let taps: [Int]

    /// All phases of an axis.
    ///
    /// - Parameter axis: of the convolution that is transposed: its src is our dst.
    static func all(_ axis: WindowAxis) -> [TransposedPhase] {
        (0..<min(axis.stride, axis.srcExtent)).map { TransposedPhase($0, of: axis) }
    }

    private init(_ phase: Int, of axis: WindowAxis) {
        func distance(_ tap: Int) -> Int { phase + axis.padBegin - tap * axis.dilation }
        self.phase = phase
        taps = (0..<axis.kernelExtent).filter { distance($0) % axis.stride == 0 }.reversed()
        let shifts = taps.map { distance($0) / axis.stride }
        window = WindowAxis(
            srcExtent: axis.dstExtent,
            dstExtent: (axis.srcExtent - phase + axis.stride - 1) / axis.stride,
            kernelExtent: max(1, taps.count),
            dilation: shifts.count > 1 ? shifts[1] - shifts[0] : 1,
            padBegin: shifts.first.map { -$0 } ?? 0
        )
    }
}
