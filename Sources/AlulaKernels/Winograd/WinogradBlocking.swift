// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// How a Winograd convolution is cut: into parts for threads, into pieces that fit the caches, into register tiles.
package struct WinogradBlocking: Hashable, Sendable {
    package var variant: WinogradVariant
    /// Vectors of dst channels in a register tile, which is also what a pass over the transformed src computes: a panel.
    package var dstBlocks: Int
    /// Winograd tiles in a register tile.
    package var width: Int
    /// Winograd tiles in a part: their transformed src is what the second-level cache holds.
    package var tilesPerPart: Int
    /// Panels of dst channels in a part. Parts of fewer than all transform the same src again.
    package var panelsPerPart: Int
    /// Channels of src one round of the innermost loop covers.
    package var channelUnroll = 8

    package init(
        _ variant: WinogradVariant,
        dstBlocks: Int,
        width: Int,
        tilesPerPart: Int,
        panelsPerPart: Int
    ) {
        self.variant = variant
        self.dstBlocks = dstBlocks
        self.width = width
        self.tilesPerPart = tilesPerPart
        self.panelsPerPart = panelsPerPart
    }

    /// Vector registers a register tile needs: accumulators, one weight vector a block, one src element.
    package var vectorCount: Int { dstBlocks * width + dstBlocks + 1 }
}
