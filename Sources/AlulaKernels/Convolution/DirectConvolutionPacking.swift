// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
package import AlulaTensor

/// Channels in blocks of one vector: `[N, C/c, H, W, c]`, channels behind the last zero.
package struct BlockedLayout: Hashable, Sendable {
    /// Channels in a block: the lanes of a vector.
    package var lanes: Int

    package init(lanes: Int) { self.lanes = lanes }

    /// The shape `[N, C, H, W]` has in blocks.
    package func shape(of planar: Shape) -> Shape {
        [planar[0], (planar[1] + lanes - 1) / lanes, planar[2], planar[3], lanes]
    }

    /// `src` `[N, C, H, W]` float32, in blocks.
    package func blocked(_ src: Tensor) -> Tensor {
        let dst = Tensor(zeros: .float32, shape: shape(of: src.shape))
        let source = src.span(of: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        forEachElement(of: src.shape) { planar, blocked in target[blocked] = source[planar] }
        return dst
    }

    /// The inverse of ``blocked(_:)``: `shape` `[N, C, H, W]` says how many channels there are.
    package func planar(_ src: Tensor, shape: Shape) -> Tensor {
        let dst = Tensor(zeros: .float32, shape: shape)
        let source = src.span(of: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        forEachElement(of: shape) { planar, blocked in target[planar] = source[blocked] }
        return dst
    }

    private func forEachElement(of shape: Shape, _ body: (_ planar: Int, _ blocked: Int) -> Void) {
        let blocks = (shape[1] + lanes - 1) / lanes
        let plane = shape[2] * shape[3]
        for n in 0..<shape[0] {
            for channel in 0..<shape[1] {
                let from = (n * shape[1] + channel) * plane
                let to = (n * blocks + channel / lanes) * plane * lanes + channel % lanes
                for position in 0..<plane { body(from + position, to + position * lanes) }
            }
        }
    }
}

extension DirectConvolutionDescriptor {
    /// Blocks of dst channels in each chunk of one group, in order; a chunk is what one call computes.
    func chunkBlocks(tile: DirectConvolutionTile, lanes: Int) -> [Int] {
        let count = dstBlockCount(lanes: lanes)
        return stride(from: 0, to: count, by: tile.dstBlocks).map { min(tile.dstBlocks, count - $0) }
    }

    /// Floats one block of dst channels takes in the packed weights.
    func packedBlockElementCount(lanes: Int) -> Int {
        let channels = channelRoundCount(lanes: lanes) * channelsPerRound(lanes: lanes)
        return channels * rows.kernelExtent * columns.kernelExtent * lanes
    }

    /// `weights` `[G·OC, IC, KH, KW]` as the generated code reads them, front to back:
    /// `[G, chunk, IC/c, KH, KW, c, blocks of the chunk, c]`.
    package func packedWeights(_ weights: Tensor, tile: DirectConvolutionTile, lanes: Int) -> Tensor {
        let chunks = chunkBlocks(tile: tile, lanes: lanes)
        let blockElementCount = packedBlockElementCount(lanes: lanes)
        let count = group * dstBlockCount(lanes: lanes) * blockElementCount
        let packed = Tensor(zeros: .float32, shape: [count])
        let source = weights.span(of: Float.self)
        var target = packed.mutableSpan(of: Float.self)
        let taps = rows.kernelExtent * columns.kernelExtent
        let perRound = channelsPerRound(lanes: lanes)
        var chunkStart = 0
        for g in 0..<group {
            var firstBlock = 0
            for blocks in chunks {
                for channel in 0..<srcChannels {
                    let round = channel / perRound
                    for tap in 0..<taps {
                        let vector =
                            chunkStart + ((round * taps + tap) * perRound + channel % perRound) * blocks * lanes
                        for lane in 0..<(blocks * lanes) {
                            let dstChannel = firstBlock * lanes + lane
                            guard dstChannel < dstChannels else { break }
                            let row = (g * dstChannels + dstChannel) * srcChannels + channel
                            target[vector + lane] = source[row * taps + tap]
                        }
                    }
                }
                firstBlock += blocks
                chunkStart += blocks * blockElementCount
            }
        }
        return packed
    }

    /// `bias` `[G·OC]`, padded to whole blocks a group.
    package func packedBias(_ bias: Tensor, lanes: Int) -> Tensor {
        let perGroup = dstBlockCount(lanes: lanes) * lanes
        let packed = Tensor(zeros: .float32, shape: [group * perGroup])
        let source = bias.span(of: Float.self)
        var target = packed.mutableSpan(of: Float.self)
        for g in 0..<group {
            for channel in 0..<dstChannels { target[g * perGroup + channel] = source[g * dstChannels + channel] }
        }
        return packed
    }
}
