// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Generates a product of pixels with a matrix for `tile.blocks` vectors of outputs, all pixels of some rows, all channels.
///
/// `accumulator[block, pixel] += weights[i, block] · src[i, pixel]`, with the sum in registers from the first channel to the
/// last. Layouts: src `[C/c, …, c]`, weights `[C, blocks, c]`, where `c` is the lanes of a vector; channels behind the last
/// are never read. Planar dst is stored through transposed squares of as many pixels as lanes.
struct PixelProductGenerator {
    private let jit: KernelBuilder
    private let descriptor: PixelProductDescriptor
    private let tile: PixelProductTile
    private let src: IntegerVariable
    private let dst: IntegerVariable
    /// Weights of the next call, asked for at an even pace.
    private let weightsAhead: IntegerVariable?

    /// Channels in straight code: the loop's own cost below 2 %, the code of a tile below 4 KiB.
    private static let channelUnroll = 4

    /// The program for `tile.blocks` vectors of outputs.
    static func program(
        _ descriptor: PixelProductDescriptor,
        tile: PixelProductTile,
        target: VectorTarget
    ) -> KernelProgram {
        let generator = PixelProductGenerator(descriptor, tile, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: PixelProductDescriptor, _ tile: PixelProductTile, _ target: VectorTarget) {
        let layout = descriptor.destination == .blocked ? "blocked" : "planar"
        jit = KernelBuilder(
            name: "f32_pixelproduct_\(layout)_\(tile)\(descriptor.epilogue.nameSuffix)",
            target: target
        )
        self.descriptor = descriptor
        self.tile = tile
        src = jit.argument("src", at: MemoryLayout<PixelProductArguments>.offset(of: \.src))
        dst = jit.argument("dst", at: MemoryLayout<PixelProductArguments>.offset(of: \.dst))
        weightsAhead =
            descriptor.weightLinesAhead == 0
            ? nil
            : jit.argument("weights ahead", at: MemoryLayout<PixelProductArguments>.offset(of: \.weightsAhead))
    }

    // MARK: Outline

    private func generate() {
        let tail = descriptor.rowPixelCount % tile.pixels
        jit.loop("rows left", count: argument("rows", \.rowCount)) { _ in
            let srcRow = jit.integer("src row", src)
            let dstRow = jit.integer("dst row", dst)
            jit.loop("tiles left", count: argument("tiles", \.tileCount)) { _ in generateTile(tile.pixels) }
            if tail > 0 { jit.loop("tails left", count: argument("tails", \.tailCount)) { _ in generateTile(tail) } }
            jit.set(src, to: srcRow)
            jit.advance(src, by: descriptor.srcRowStep * jit.vectorByteCount)
            if descriptor.destination == .blocked {  // planar rows follow each other
                jit.set(dst, to: dstRow)
                jit.advance(dst, by: descriptor.dstRowStep * jit.vectorByteCount)
            }
        }
    }

    /// One tile of accumulators: start, sum over channels, finish.
    private func generateTile(_ pixels: Int) {
        let accumulators = (0..<tile.blocks).map { block in
            (0..<pixels).map { jit.floats("accumulator[\(block), \($0)]") }
        }
        start(accumulators)
        accumulate(accumulators)
        switch descriptor.destination {
        case .blocked:
            finish(accumulators) { jit.store($0, to: dst[$1]) }
            jit.advance(dst, by: pixels * descriptor.dstPixelStep * jit.vectorByteCount)
        case .planar(let positions):
            finish(accumulators) { _, _ in }
            storeTransposed(accumulators, positions: positions)
            jit.advance(dst, by: pixels * 4)
        }
        jit.advance(src, by: pixels * descriptor.srcPixelStep * jit.vectorByteCount)
    }

    private func start(_ accumulators: [[FloatVector]]) {
        let bias = descriptor.hasBias ? argument("bias", \.bias) : nil
        for (block, values) in accumulators.enumerated() {
            for value in values {
                if let bias {
                    jit.load(value, from: bias[blockChannelByteOffset(block)])
                } else {
                    jit.set(value, to: 0)
                }
            }
        }
    }

    /// From the channels of the first vector of outputs to those of another.
    private func blockChannelByteOffset(_ block: Int) -> Int {
        descriptor.sharesChannels ? 0 : block * jit.vectorByteCount
    }

    // MARK: The sum

    private func accumulate(_ accumulators: [[FloatVector]]) {
        let weights = argument("weights", \.weights)
        let srcBlock = jit.integer("src block", src)
        let (blocks, left) = descriptor.srcChannels.quotientAndRemainder(dividingBy: jit.lanes)
        let pixels = accumulators[0].count
        repeated("blocks left", blocks) {
            prefetchNextTile(srcBlock, pixels)
            accumulate(channels: jit.lanes, accumulators, srcBlock, weights, linesAhead: descriptor.weightLinesAhead)
            jit.advance(srcBlock, by: (descriptor.srcBlockStep - 1) * jit.vectorByteCount)
        }
        accumulate(channels: left, accumulators, srcBlock, weights, linesAhead: 0)
    }

    /// `channels` channels of one block; src and weights are advanced over them, and `linesAhead` cache lines of the next
    /// weights asked for.
    private func accumulate(
        channels: Int,
        _ accumulators: [[FloatVector]],
        _ srcBlock: IntegerVariable,
        _ weights: IntegerVariable,
        linesAhead: Int
    ) {
        func round(_ count: Int, linesAhead: Int = 0) {
            guard count > 0 else { return }
            prefetchWeights(lines: linesAhead)
            for channel in 0..<count { accumulate(channel, accumulators, srcBlock, weights) }
            jit.advance(weights, by: count * tile.blocks * jit.vectorByteCount)
            jit.advance(srcBlock, by: count * 4)
        }
        let unroll = min(Self.channelUnroll, channels)
        guard unroll > 0 else { return }
        let rounds = channels / unroll
        repeated("channels left", rounds) { round(unroll, linesAhead: linesAhead / rounds) }
        round(channels % unroll)
        prefetchWeights(lines: linesAhead % rounds)
    }

    /// Asks for the same block of channels of the tile that follows: another core may have written it, and blocks lie
    /// farther apart than hardware prefetchers follow.
    private func prefetchNextTile(_ srcBlock: IntegerVariable, _ pixels: Int) {
        let pixelByteCount = descriptor.srcPixelStep * jit.vectorByteCount
        let stepByteCount = max(64, pixelByteCount)
        for offset in stride(from: 0, to: pixels * pixelByteCount, by: stepByteCount) {
            jit.prefetch(srcBlock[pixels * pixelByteCount + offset])
        }
    }

    private func prefetchWeights(lines: Int) {
        guard let weightsAhead, lines > 0 else { return }
        let lineByteCount = 64
        for line in 0..<lines { jit.prefetch(weightsAhead[line * lineByteCount], .second) }
        jit.advance(weightsAhead, by: lines * lineByteCount)
    }

    /// A loop, unless once is enough.
    private func repeated(_ role: String, _ count: Int, _ body: () -> Void) {
        if count == 1 { body() } else { jit.loop(role, count: count) { _ in body() } }
    }

    /// One channel, `channel` behind where src and weights point to.
    private func accumulate(
        _ channel: Int,
        _ accumulators: [[FloatVector]],
        _ srcBlock: IntegerVariable,
        _ weights: IntegerVariable
    ) {
        let vectors = accumulators.indices.map { block in
            let vector = jit.floats("weights[\(block)]")
            jit.load(vector, from: weights[(channel * tile.blocks + block) * jit.vectorByteCount])
            return vector
        }
        for pixel in accumulators[0].indices {
            let place = srcBlock[pixel * descriptor.srcPixelStep * jit.vectorByteCount + channel * 4]
            if vectors.count == 1 {
                jit.accumulate(accumulators[0][pixel], vectors[0], place.repeated)
                continue
            }
            let element = jit.floats("src element")
            jit.broadcast(element, from: place)
            for (block, vector) in vectors.enumerated() {
                jit.accumulate(accumulators[block][pixel], vector, element)
            }
        }
    }

    // MARK: Finish

    private func finish(_ accumulators: [[FloatVector]], _ store: (FloatVector, _ byteOffset: Int) -> Void) {
        let epilogue = BlockedEpilogue(
            descriptor.epilogue,
            jit,
            argumentsByteOffset: MemoryLayout<PixelProductArguments>.offset(of: \.epilogue),
            dst: dst
        )
        for (block, values) in accumulators.enumerated() {
            for (pixel, value) in values.enumerated() {
                let step = block * descriptor.dstBlockStep + pixel * descriptor.dstPixelStep
                epilogue.emit(
                    value,
                    dstByteOffset: step * jit.vectorByteCount,
                    blockByteOffset: blockChannelByteOffset(block)
                )
                store(value, step * jit.vectorByteCount)
            }
        }
    }

    /// Stores a square as rows of pixels, those of outputs that exist.
    private func storeTransposed(_ accumulators: [[FloatVector]], positions: Int) {
        let pixels = accumulators[0].count
        let mask = pixels < jit.lanes ? jit.mask("pixels") : nil
        if let mask { jit.lanesBelow(mask, jit.integer("pixels", pixels)) }
        for (block, values) in accumulators.enumerated() {
            let rows = jit.transposed(values + Array(repeating: values[0], count: jit.lanes - pixels))
            let left = argument("outputs left", \.outputCount)
            jit.subtract(left, block * jit.lanes)
            for (output, row) in rows.enumerated() {
                jit.when(left, .greater, output) {
                    jit.store(row, to: dst[(block * jit.lanes + output) * positions * 4], where: mask)
                }
            }
        }
    }

    // MARK: Arguments

    /// A field, loaded where it is used.
    private func argument(_ role: String, _ path: PartialKeyPath<PixelProductArguments>) -> IntegerVariable {
        jit.argument(role, at: MemoryLayout<PixelProductArguments>.offset(of: path))
    }
}
