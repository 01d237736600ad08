// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators

/// The register tile of a direct convolution: `dstBlocks` vectors of channels by `width` columns of accumulators.
package struct DirectConvolutionTile: Hashable, Sendable {
    /// Blocks of dst channels computed together; each src element read is used this often.
    package var dstBlocks: Int
    /// Columns of dst computed together; each weight vector read is used this often.
    package var width: Int
    /// Channels of src one round of the innermost loop covers.
    package var channelUnroll = 4  // the loop's own cost below 3 %, the code of a 3×3 tile below 8 KiB

    package init(dstBlocks: Int, width: Int) {
        self.dstBlocks = dstBlocks
        self.width = width
    }

    /// Every tile that fits the register file: accumulators, and beside them one weight vector a block and one src element,
    /// or what the epilogue needs.
    package static func candidates(_ descriptor: DirectConvolutionDescriptor, _ target: VectorTarget) -> [Self] {
        let blocks = descriptor.dstBlockCount(lanes: target.lanes)
        let finishing = EpilogueEmitter.temporaryVectorCount(descriptor.epilogue, target: target)
        // Sequences of several instructions, as epilogues with functions have, may need a register of the emitter's.
        let available = target.vectorRegisterCount - (finishing > 1 ? 1 : 0)
        return (1...min(4, blocks)).flatMap { dstBlocks in
            (1...min(target.vectorRegisterCount, descriptor.columns.dstExtent)).compactMap { width in
                let tile = Self(dstBlocks: dstBlocks, width: width)
                let needed = dstBlocks * width + max(dstBlocks + 1, finishing)
                return needed <= available ? tile : nil
            }
        }
    }

    /// The tile with the lowest estimated cost; the first of equals.
    package static func best(_ descriptor: DirectConvolutionDescriptor, _ target: VectorTarget) -> Self {
        ranked(descriptor, target).first?.tile ?? Self(dstBlocks: 1, width: 1)
    }

    /// All candidates with the cycles one image is expected to take, lowest first; of equals the smaller tile.
    package static func ranked(
        _ descriptor: DirectConvolutionDescriptor,
        _ target: VectorTarget
    ) -> [(tile: Self, cycles: Double)] {
        let blocks = descriptor.dstBlockCount(lanes: target.lanes)
        let steps = Double(descriptor.srcChannels * descriptor.rows.kernelExtent * descriptor.columns.kernelExtent)
        let rows = Double(descriptor.rows.dstExtent * descriptor.group)
        let costs = candidates(descriptor, target).map { tile in
            let columns = descriptor.columns.dstExtent
            let cycles = tile.cycles(columnCount: columns, blockCount: blocks, lanes: target.lanes)
            return (tile: tile, cycles: cycles * steps * rows)
        }
        return costs.enumerated()
            .sorted { ($0.element.cycles, $0.offset) < ($1.element.cycles, $1.offset) }
            .map(\.element)
    }

    /// Estimated cycles of one src channel and tap over a row of dst and all its blocks.
    private func cycles(columnCount: Int, blockCount: Int, lanes: Int) -> Double {
        let (chunks, lastBlocks) = blockCount.quotientAndRemainder(dividingBy: dstBlocks)
        let (tiles, lastWidth) = columnCount.quotientAndRemainder(dividingBy: width)
        func row(_ blocks: Int) -> Double {
            if blocks == 0 { return 0 }
            let last = lastWidth == 0 ? 0 : Self.stepCycles(blocks, lastWidth, lanes)
            return Double(tiles) * Self.stepCycles(blocks, width, lanes) + last
        }
        return Double(chunks) * row(dstBlocks) + row(lastBlocks)
    }

    /// Estimated cycles of one src channel and tap in a tile: two multiply-adds and two loads a cycle, a multiply-add
    /// chain of four cycles, weights from the second-level cache at 32 bytes a cycle. What comes on top, for the loop and
    /// for every load, is fitted to measurements: 4×6 reached 96 % of the peak where 2×14 reached 94 %.
    private static func stepCycles(_ blocks: Int, _ width: Int, _ lanes: Int) -> Double {
        let loads = Double(blocks + width)
        let weights = Double(blocks * lanes * 4) / 32
        return max(Double(blocks * width) / 2, loads / 2, 4, weights) + 0.3 + 0.05 * loads
    }
}

extension DirectConvolutionDescriptor {
    /// Vectors of src channels in one group; the last may be partly zero.
    package func srcBlockCount(lanes: Int) -> Int { (srcChannels + lanes - 1) / lanes }

    /// Vectors of dst channels in one group; the last may be partly zero.
    package func dstBlockCount(lanes: Int) -> Int { (dstChannels + lanes - 1) / lanes }

    /// Src channels one round of the channel loop walks: a block, or all of a planar src.
    func channelsPerRound(lanes: Int) -> Int { srcLayout == .blocked ? lanes : srcChannels }

    /// Rounds of the channel loop.
    func channelRoundCount(lanes: Int) -> Int { srcLayout == .blocked ? srcBlockCount(lanes: lanes) : 1 }
}
