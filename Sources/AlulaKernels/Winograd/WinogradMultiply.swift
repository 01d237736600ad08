// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields the multiplication reads; one call computes all planes of a panel for all tiles of a part.
struct WinogradMultiplyArguments: BitwiseCopyable {
    /// Transformed src.
    var src = 0
    /// Packed weights of the panel.
    var weights = 0
    /// Where the products go.
    var dst = 0
    /// One address for every register tile of every plane: the memory to ask for beside it.
    var strips = 0
}

/// Generates the products: for every plane `dst[tile, oc] = Σ src[tile, ic] · weights[ic, oc]`.
///
/// A register tile is some tiles by some blocks of dst channels, summed over all src channels: each weight vector read is
/// used `width` times, each src element `dstBlocks` times. Layouts: see ``WinogradLayout``.
struct WinogradMultiply {
    /// What code is generated for.
    struct Configuration: Hashable {
        var planeCount: Int
        var srcChannels: Int
        /// Blocks of dst channels in the panel.
        var dstBlocks: Int
        /// Tiles of the part.
        var tileCount: Int
        /// Tiles of a register tile; the last may be narrower.
        var width: Int
        /// Src channels one round of the innermost loop covers.
        var channelUnroll: Int
        /// Bytes from plane to plane.
        var srcPlaneByteCount: Int
        var dstPlaneByteCount: Int
        var prefetch: WinogradPrefetch
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let registers: Registers

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = WinogradMultiply(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let tile = "\(configuration.dstBlocks)x\(configuration.width)"
        jit = KernelBuilder(name: "f32_winograd_multiply_\(tile)", target: target)
        self.configuration = configuration
        registers = Registers(jit, configuration)
    }

    // MARK: Outline

    private func generate() {
        jit.loop("planes left", count: configuration.planeCount) { _ in
            jit.set(registers.src, to: registers.srcPlane)
            if configuration.prefetch.weightLinesPerRound > 0 {
                jit.set(registers.weightsAhead, to: registers.weightsPlane)
                jit.advance(registers.weightsAhead, by: configuration.srcChannels * weightsChannelByteCount)
            }
            jit.set(registers.dst, to: registers.dstPlane)
            let (groups, rest) = configuration.tileCount.quotientAndRemainder(dividingBy: configuration.width)
            jit.loop("groups left", count: groups) { _ in generateTile(width: configuration.width) }
            if rest > 0 { generateTile(width: rest) }
            jit.advance(registers.weightsPlane, by: configuration.srcChannels * weightsChannelByteCount)
            jit.advance(registers.srcPlane, by: configuration.srcPlaneByteCount)
            jit.advance(registers.dstPlane, by: configuration.dstPlaneByteCount)
        }
    }

    private func generateTile(width: Int) {
        for accumulator in registers.accumulator.prefix(width).joined() { jit.set(accumulator, to: 0) }
        jit.set(registers.weights, to: registers.weightsPlane)
        if configuration.prefetch.stripLinesPerRound > 0 {
            jit.load(registers.strip, from: registers.strips[0])
            jit.advance(registers.strips, by: 8)
        }
        let (blocks, rest) = configuration.srcChannels.quotientAndRemainder(dividingBy: jit.lanes)
        let unroll = min(configuration.channelUnroll, jit.lanes)
        jit.loop("blocks left", count: blocks) { _ in
            jit.loop("channels left", count: jit.lanes / unroll) { _ in
                accumulate(channels: unroll, width: width) { channel in prefetch(channel, of: unroll) }
                advancePrefetch()
            }
            jit.advance(registers.src, by: (width - 1) * jit.vectorByteCount)
        }
        if rest > 0 {
            accumulate(channels: rest, width: width) { _ in }
            jit.advance(registers.src, by: width * jit.vectorByteCount - rest * 4)
        }
        for tile in 0..<width {
            for block in 0..<configuration.dstBlocks {
                let place = (tile * configuration.dstBlocks + block) * jit.vectorByteCount
                jit.store(registers.accumulator[tile][block], to: registers.dst[place])
            }
        }
        jit.advance(registers.dst, by: width * configuration.dstBlocks * jit.vectorByteCount)
    }

    // MARK: Steps

    private var weightsChannelByteCount: Int { configuration.dstBlocks * jit.vectorByteCount }

    /// `channels` src channels in straight code, with `beside` before each.
    private func accumulate(channels: Int, width: Int, beside: (_ channel: Int) -> Void) {
        for channel in 0..<channels {
            beside(channel)
            for block in 0..<configuration.dstBlocks {
                let place = channel * weightsChannelByteCount + block * jit.vectorByteCount
                jit.load(registers.weightVector[block], from: registers.weights[place])
            }
            for tile in 0..<width {
                jit.broadcast(registers.srcElement, from: registers.src[tile * jit.vectorByteCount + channel * 4])
                for block in 0..<configuration.dstBlocks {
                    jit.accumulate(
                        registers.accumulator[tile][block],
                        registers.weightVector[block],
                        registers.srcElement
                    )
                }
            }
        }
        jit.advance(registers.weights, by: channels * weightsChannelByteCount)
        jit.advance(registers.src, by: channels * 4)
    }

    private func advancePrefetch() {
        let (weights, strip) = (configuration.prefetch.weightLinesPerRound, configuration.prefetch.stripLinesPerRound)
        if weights > 0 { jit.advance(registers.weightsAhead, by: weights * WinogradPrefetch.lineByteCount) }
        if strip > 0 { jit.advance(registers.strip, by: strip * WinogradPrefetch.lineByteCount) }
    }

    /// Asks for what channel `channel` of a round of `count` is to ask for, so that requests come at an even pace.
    private func prefetch(_ channel: Int, of count: Int) {
        func lines(_ perRound: Int) -> Range<Int> { perRound * channel / count..<perRound * (channel + 1) / count }
        for line in lines(configuration.prefetch.weightLinesPerRound) {
            jit.prefetch(registers.weightsAhead[line * 64], .second)
        }
        for line in lines(configuration.prefetch.stripLinesPerRound) {
            jit.prefetch(registers.strip[line * 64], .second)
        }
    }
}

// MARK: - Registers

extension WinogradMultiply {
    /// Every register by its role.
    private struct Registers {
        // Advancing from plane to plane.
        let srcPlane: IntegerVariable
        let weightsPlane: IntegerVariable
        let dstPlane: IntegerVariable
        // Advancing within a plane.
        let src: IntegerVariable
        let weights: IntegerVariable
        let dst: IntegerVariable
        /// The next plane's weights and other memory, asked for ahead of its use.
        let weightsAhead: IntegerVariable
        let strips: IntegerVariable
        let strip: IntegerVariable
        // Vectors; accumulators by tile, then block.
        let accumulator: [[FloatVector]]
        let weightVector: [FloatVector]
        let srcElement: FloatVector

        init(_ jit: KernelBuilder, _ configuration: Configuration) {
            typealias Fields = MemoryLayout<WinogradMultiplyArguments>
            srcPlane = jit.argument("src plane", at: Fields.offset(of: \.src))
            weightsPlane = jit.argument("weights plane", at: Fields.offset(of: \.weights))
            dstPlane = jit.argument("dst plane", at: Fields.offset(of: \.dst))
            src = jit.integer("src")
            weights = jit.integer("weights")
            dst = jit.integer("dst")
            weightsAhead = jit.integer("weights ahead")
            strips = jit.argument("strips", at: Fields.offset(of: \.strips))
            strip = jit.integer("strip")
            accumulator = (0..<configuration.width).map { tile in
                (0..<configuration.dstBlocks).map { jit.floats("accumulator[\(tile), \($0)]") }
            }
            weightVector = (0..<configuration.dstBlocks).map { jit.floats("weights[\($0)]") }
            srcElement = jit.floats("src element")
        }
    }
}
