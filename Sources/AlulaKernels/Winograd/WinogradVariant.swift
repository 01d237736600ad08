// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Which minimal filtering algorithm computes a 3×3 convolution: `dst = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` on tiles of dst.
///
/// Multiplications for one dst element and src channel: 9 directly, 4 with ``f2``, 2.25 with ``f4``. The price is additions
/// around the products and rounding: values of unlike size are added and taken apart again. Interpolation points are 0, 1,
/// −1, ∞ and, for ``f4``, 2, −2; all transforms are then sums with the factors 1, 2, 4, 5, 8.
///
/// Source: Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks" (2015).
package enum WinogradVariant: String, Hashable, Sendable, CaseIterable {
    /// F(2×2, 3×3): 4×4 src elements make 2×2 dst elements.
    case f2
    /// F(4×4, 3×3): 6×6 src elements make 4×4 dst elements.
    case f4

    /// Rows and columns of dst in a tile.
    package var dstExtent: Int { self == .f2 ? 2 : 4 }
    /// Rows and columns of src under a tile.
    package var srcExtent: Int { dstExtent + 2 }
    /// Products of one tile and src channel; each is a matrix product over all tiles and channels.
    package var planeCount: Int { srcExtent * srcExtent }
}

/// Lines computed together because they share sums: two results of a one-dimensional transform.
struct WinogradLinePair {
    /// Which lines of the result, first and second.
    let lines: (Int, Int)
    /// Number of the pair within its transform.
    let index: Int
}

extension WinogradVariant {
    /// The pairs of `Bᵀ d`: all ``srcExtent`` lines.
    var srcPairs: [WinogradLinePair] {
        let lines = self == .f2 ? [(1, 2), (0, 3)] : [(1, 2), (3, 4), (0, 5)]
        return lines.enumerated().map { WinogradLinePair(lines: $0.element, index: $0.offset) }
    }

    /// The factors in a pair of lines of `Bᵀ d`.
    func srcFactors(_ pair: WinogradLinePair) -> [Float] { self == .f2 ? [] : [[4], [2], [4, 5]][pair.index] }

    /// The pairs of `Aᵀ m`: all ``dstExtent`` lines.
    var dstPairs: [WinogradLinePair] {
        let lines = self == .f2 ? [(0, 1)] : [(0, 2), (1, 3)]
        return lines.enumerated().map { WinogradLinePair(lines: $0.element, index: $0.offset) }
    }
}
