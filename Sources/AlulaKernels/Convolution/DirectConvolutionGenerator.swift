// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators

/// Generates one row of a direct convolution: `dstBlocks` blocks of channels, all columns, all src channels and taps.
///
/// `accumulator[block, column] += weights[kh, kw, ic, block] · src[ic, ih, column·stride + kw·dilation]`, with the sum in
/// registers from first tap to last. Layouts: src `[C/c, H, W, c]` or `[C, H, W]`, weights
/// `[C/c, KH, KW, c, dstBlocks, c]`, dst `[blocks, OH, OW, c]`, where `c` is the lanes of a vector.
///
/// Columns are cut into tiles. Tiles that see the same padding run the same code, so a row is a few straight tiles at its
/// edges and one loop over those between. Padding costs nothing: taps outside src are left out of the code.
package struct DirectConvolutionGenerator {
    private let jit: KernelBuilder
    private let descriptor: DirectConvolutionDescriptor
    private let tile: DirectConvolutionTile
    private let configuration: Configuration
    private let registers: Registers
    private var vectors: Vectors

    /// The program for `tile.dstBlocks` blocks of channels.
    package static func program(
        _ descriptor: DirectConvolutionDescriptor,
        tile: DirectConvolutionTile,
        target: VectorTarget
    ) -> KernelProgram {
        let generator = DirectConvolutionGenerator(descriptor, tile, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(
        _ descriptor: DirectConvolutionDescriptor,
        _ tile: DirectConvolutionTile,
        _ target: VectorTarget
    ) {
        let kernel = "\(descriptor.rows.kernelExtent)x\(descriptor.columns.kernelExtent)"
        let name =
            "f32_conv\(kernel)_\(descriptor.srcLayout)_\(tile.dstBlocks)x\(tile.width)"
            + (descriptor.dstColumnStep > 1 ? "_step\(descriptor.dstColumnStep)" : "")
            + (descriptor.skipsEmptyTiles ? "_skipping" : "") + (descriptor.hasBias ? "_bias" : "")
            + descriptor.epilogue.nameSuffix
        jit = KernelBuilder(name: name, target: target)
        self.descriptor = descriptor
        self.tile = tile
        configuration = Configuration(descriptor, tile, lanes: target.lanes)
        registers = Registers(jit, descriptor)
        vectors = Vectors(jit, tile)
    }

    // MARK: Outline

    private func generate() {
        jit.advance(registers.srcTile, by: -descriptor.columns.padBegin * configuration.srcColumnByteCount)
        for run in ConvolutionColumns(descriptor.columns, tileWidth: tile.width).runs {
            jit.loop("tiles left", count: run.tileCount) { _ in
                var tile = self
                tile.vectors = Vectors(jit, self.tile)
                tile.generateTile(run)
                advanceTile(width: run.width)
            }
        }
    }

    /// One tile of accumulators: start, sum over channels and taps, finish.
    private func generateTile(_ run: ConvolutionColumns.Run) {
        startAccumulators(width: run.width)
        if let occupied = registers.occupied {
            let flag = jit.integer("occupied flag")
            jit.load(flag, from: occupied[0])
            jit.advance(occupied, by: 8)
            jit.when(flag, .notEqual, 0) { sum(run) }
        } else {
            sum(run)
        }
        finishAccumulators(width: run.width)
    }

    // MARK: The sum

    /// All src channels and taps of a tile.
    private func sum(_ run: ConvolutionColumns.Run) {
        jit.load(registers.weights, from: field(\.weights))
        jit.set(registers.srcRound, to: registers.srcTile)
        jit.loop("channel rounds left", count: configuration.channelRoundCount) { _ in
            jit.set(registers.srcRow, to: registers.srcRound)
            jit.loop("tap rows left", count: loaded("tap rows", \.tapRowCount)) { _ in
                for tap in 0..<descriptor.columns.kernelExtent {
                    prefetchRowBelow(tap, width: run.width)
                    prefetchWeights()
                    accumulateTap(tap, columns: run.columnsInside(tap))
                }
                jit.advance(registers.srcRow, by: configuration.srcTapRowByteCount)
            }
            jit.advance(registers.weights, by: loaded("skipped weights", \.skippedWeightByteCount))
            jit.advance(registers.srcRound, by: configuration.srcRoundByteCount)
        }
    }

    /// All channels of a round under tap column `tap`, for the columns whose tap is not padding.
    private func accumulateTap(_ tap: Int, columns: Range<Int>) {
        let channels = configuration.channelsPerRound
        guard !columns.isEmpty else {
            return jit.advance(registers.weights, by: channels * configuration.weightsChannelByteCount)
        }
        let unroll = min(tile.channelUnroll, channels)
        jit.set(registers.srcChannel, to: registers.srcRow)
        jit.loop("channels left", count: channels / unroll) { _ in
            if tap == 0 { prefetchNextColumns(channels: unroll) }
            accumulateChannels(unroll, tap, columns)
        }
        accumulateChannels(channels % unroll, tap, columns)
    }

    /// `count` channels in straight code.
    private func accumulateChannels(_ count: Int, _ tap: Int, _ columns: Range<Int>) {
        guard count > 0 else { return }
        for channel in 0..<count {
            for block in 0..<tile.dstBlocks {
                let place = channel * configuration.weightsChannelByteCount + block * jit.vectorByteCount
                jit.load(vectors.weights[block], from: registers.weights[place])
            }
            for column in columns {
                let srcColumn = column * descriptor.columns.stride + tap * descriptor.columns.dilation
                let place = srcColumn * configuration.srcColumnByteCount + channel * configuration.srcChannelByteCount
                jit.broadcast(vectors.srcElement, from: registers.srcChannel[place])
                for block in 0..<tile.dstBlocks {
                    jit.accumulate(
                        vectors.accumulator(block, column),
                        vectors.weights[block],
                        vectors.srcElement
                    )
                }
            }
        }
        jit.advance(registers.weights, by: count * configuration.weightsChannelByteCount)
        jit.advance(registers.srcChannel, by: count * configuration.srcChannelByteCount)
    }

    /// Asks for the tap row that lies below the window, for a later row of dst: a part of it beside every tap column, so
    /// that weights, which stream meanwhile, never wait behind a burst.
    ///
    /// Blocked rows lie far apart, one stream a block of channels, more than hardware prefetchers follow.
    private func prefetchRowBelow(_ tap: Int, width: Int) {
        guard descriptor.srcLayout == .blocked else { return }
        let lineByteCount = 64
        let tileByteCount = width * descriptor.columns.stride * configuration.srcColumnByteCount
        let lines = (tileByteCount + lineByteCount - 1) / lineByteCount
        let taps = descriptor.columns.kernelExtent
        let below = descriptor.rows.kernelExtent * configuration.srcTapRowByteCount
        for line in (lines * tap / taps)..<(lines * (tap + 1) / taps) {
            jit.prefetch(registers.srcRow[below + line * lineByteCount], .second)
        }
    }

    /// Asks for what the next tile reads of `channels` planes: their rows are more streams than hardware prefetchers follow.
    private func prefetchNextColumns(channels: Int) {
        let followedStreamCount = 16
        guard descriptor.srcLayout == .planar,
            descriptor.srcChannels * descriptor.rows.kernelExtent > followedStreamCount
        else { return }
        let lineByteCount = 64
        let tileByteCount = tile.width * descriptor.columns.stride * configuration.srcColumnByteCount
        for channel in 0..<channels {
            for offset in stride(from: 0, to: tileByteCount, by: lineByteCount) {
                let place = tileByteCount + channel * configuration.srcChannelByteCount + offset
                jit.prefetch(registers.srcChannel[place])
            }
        }
    }

    /// Asks for weights that a later part computes with.
    private func prefetchWeights() {
        guard let ahead = registers.weightsAhead else { return }
        let lineByteCount = 64
        for line in 0..<descriptor.weightLinesAhead { jit.prefetch(ahead[line * lineByteCount], .second) }
        jit.advance(ahead, by: descriptor.weightLinesAhead * lineByteCount)
    }

    // MARK: Start and finish

    private func startAccumulators(width: Int) {
        let bias = descriptor.hasBias ? loaded("bias", \.bias) : nil
        for block in 0..<tile.dstBlocks {
            for column in 0..<width {
                if let bias, column == 0 {
                    jit.load(vectors.accumulator(block, 0), from: bias[block * jit.vectorByteCount])
                } else if bias != nil {
                    jit.copy(vectors.accumulator(block, column), vectors.accumulator(block, 0))
                } else {
                    jit.set(vectors.accumulator(block, column), to: 0)
                }
            }
        }
    }

    private func finishAccumulators(width: Int) {
        let epilogue = BlockedEpilogue(
            descriptor.epilogue,
            jit,
            argumentsByteOffset: MemoryLayout<DirectConvolutionArguments>.offset(of: \.epilogue),
            dst: registers.dst
        )
        for block in 0..<tile.dstBlocks {
            for column in 0..<width {
                let place = block * configuration.dstBlockByteCount + column * configuration.dstColumnByteCount
                let value = vectors.accumulator(block, column)
                epilogue.emit(value, dstByteOffset: place, blockByteOffset: block * jit.vectorByteCount)
                jit.store(value, to: registers.dst[place])
            }
        }
    }

    private func advanceTile(width: Int) {
        jit.advance(registers.srcTile, by: width * descriptor.columns.stride * configuration.srcColumnByteCount)
        jit.advance(registers.dst, by: width * configuration.dstColumnByteCount)
    }

    // MARK: Arguments

    private func field(_ path: PartialKeyPath<DirectConvolutionArguments>) -> MemoryReference {
        jit.arguments[MemoryLayout<DirectConvolutionArguments>.offset(of: path) ?? .max]
    }

    /// A field that is not worth a register of its own: loaded where it is used.
    private func loaded(_ role: String, _ path: PartialKeyPath<DirectConvolutionArguments>) -> IntegerVariable {
        let value = jit.integer(role)
        jit.load(value, from: field(path))
        return value
    }
}

// MARK: - Configuration

extension DirectConvolutionGenerator {
    /// Distances in bytes, and trip counts.
    private struct Configuration {
        /// Src channels of one round, and rounds.
        let channelsPerRound: Int
        let channelRoundCount: Int
        /// From a src element to that of the next channel, column, tap row, and round of channels.
        let srcChannelByteCount: Int
        let srcColumnByteCount: Int
        let srcTapRowByteCount: Int
        let srcRoundByteCount: Int
        /// From the weights of a src channel to those of the next.
        let weightsChannelByteCount: Int
        /// From a dst element to that of the next block, and to the next computed column.
        let dstBlockByteCount: Int
        let dstColumnByteCount: Int

        init(_ descriptor: DirectConvolutionDescriptor, _ tile: DirectConvolutionTile, lanes: Int) {
            let plane = descriptor.rows.srcExtent * descriptor.columns.srcExtent
            let isBlocked = descriptor.srcLayout == .blocked
            channelsPerRound = descriptor.channelsPerRound(lanes: lanes)
            channelRoundCount = descriptor.channelRoundCount(lanes: lanes)
            srcChannelByteCount = isBlocked ? 4 : plane * 4
            srcColumnByteCount = isBlocked ? lanes * 4 : 4
            srcTapRowByteCount = descriptor.rows.dilation * descriptor.columns.srcExtent * srcColumnByteCount
            srcRoundByteCount = plane * lanes * 4
            weightsChannelByteCount = tile.dstBlocks * lanes * 4
            dstBlockByteCount = descriptor.dstBlockByteCount(lanes: lanes)
            dstColumnByteCount = descriptor.dstColumnStep * lanes * 4
        }
    }
}

// MARK: - Registers

extension DirectConvolutionGenerator {
    /// The vector registers of one tile: fresh for each run of tiles, so that the epilogue may use what the sum leaves.
    private struct Vectors {
        private let accumulators: [[FloatVector]]
        /// By block.
        let weights: [FloatVector]
        let srcElement: FloatVector

        init(_ jit: KernelBuilder, _ tile: DirectConvolutionTile) {
            accumulators = (0..<tile.dstBlocks).map { block in
                (0..<tile.width).map { jit.floats("accumulator[\(block), \($0)]") }
            }
            weights = (0..<tile.dstBlocks).map { jit.floats("weights[\($0)]") }
            srcElement = jit.floats("src element")
        }

        func accumulator(_ block: Int, _ column: Int) -> FloatVector { accumulators[block][column] }
    }

    /// Addresses by their role.
    private struct Registers {
        // Advancing from tile to tile.
        let srcTile: IntegerVariable
        let dst: IntegerVariable
        let occupied: IntegerVariable?
        let weightsAhead: IntegerVariable?
        // Advancing within a tile.
        let weights: IntegerVariable
        let srcRound: IntegerVariable
        let srcRow: IntegerVariable
        let srcChannel: IntegerVariable

        init(_ jit: KernelBuilder, _ descriptor: DirectConvolutionDescriptor) {
            typealias Fields = MemoryLayout<DirectConvolutionArguments>
            srcTile = jit.argument("src tile", at: Fields.offset(of: \.src))
            dst = jit.argument("dst", at: Fields.offset(of: \.dst))
            occupied =
                descriptor.skipsEmptyTiles ? jit.argument("occupied", at: Fields.offset(of: \.occupied)) : nil
            weightsAhead =
                descriptor.weightLinesAhead == 0
                ? nil : jit.argument("weights ahead", at: Fields.offset(of: \.weightsAhead))
            weights = jit.integer("weights")
            srcRound = jit.integer("src round")
            srcRow = jit.integer("src row")
            srcChannel = jit.integer("src channel")
        }
    }
}
