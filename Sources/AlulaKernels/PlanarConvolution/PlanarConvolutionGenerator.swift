// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators

/// Generates one row of a planar convolution: `tile.dstChannels` channels, all columns, all src channels and taps.
///
/// `accumulator[oc, column…] += weights[oc, ic, kh, kw] · src[ic, ih, column·stride + kw·dilation …]`: vectors run along the
/// columns, weights are repeated. Layouts are the model's own: src `[C, H, W]`, weights `[OC, IC, KH, KW]`, dst
/// `[OC, OH, OW]`. Lanes over padding are masked when src is loaded; what is wholly padding is left out of the code.
package struct PlanarConvolutionGenerator {
    private let jit: KernelBuilder
    private let descriptor: PlanarConvolutionDescriptor
    private let tile: PlanarConvolutionTile
    private let registers: Registers

    /// Src channels in one round of the channel loop where the window is one row high: enough work to hide the loop.
    private static let channelUnroll = 4

    /// The program for `tile.dstChannels` channels.
    package static func program(
        _ descriptor: PlanarConvolutionDescriptor,
        tile: PlanarConvolutionTile,
        target: VectorTarget
    ) -> KernelProgram {
        let generator = PlanarConvolutionGenerator(descriptor, tile, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(
        _ descriptor: PlanarConvolutionDescriptor,
        _ tile: PlanarConvolutionTile,
        _ target: VectorTarget
    ) {
        let kernel = "\(descriptor.rows.kernelExtent)x\(descriptor.columns.kernelExtent)"
        let epilogue = (descriptor.addsResidual ? "_residual" : "") + descriptor.activation.nameSuffix
        jit = KernelBuilder(
            name: "f32_conv\(kernel)_planar_\(tile.dstChannels)x\(tile.vectors * target.lanes)\(epilogue)",
            target: target
        )
        self.descriptor = descriptor
        self.tile = tile
        registers = Registers(jit, tile, descriptor)
    }

    // MARK: Outline

    private func generate() {
        jit.advance(registers.srcTile, by: -descriptor.columns.padBegin * 4)
        for run in PlanarColumns(descriptor.columns, tile: tile, target: jit.target).runs {
            let masks = makeMasks(run)
            jit.loop("tiles left", count: run.tileCount) { _ in
                startAccumulators(run)
                accumulate(run, masks)
                finishAccumulators(run, masks)
                advanceTile(run)
            }
        }
    }

    /// The sum over channels and taps.
    private func accumulate(_ run: PlanarColumns.Run, _ masks: Masks) {
        let taps = descriptor.columns.kernelExtent
        jit.load(registers.weightsChannel, from: field(\.weights))
        jit.set(registers.srcChannel, to: registers.srcTile)
        if descriptor.rows.kernelExtent == 1 {
            // One tap row or, where it is padding, none.
            jit.loop("tap rows left", count: tapRows()) { _ in
                forEachChannelRound { channels in
                    for channel in 0..<channels {
                        accumulateTapRow(
                            run,
                            masks,
                            src: registers.srcChannel,
                            channel * descriptor.srcPlaneByteCount,
                            weights: registers.weightsChannel,
                            channel * taps * 4
                        )
                    }
                }
            }
            return
        }
        jit.loop("channels left", count: descriptor.srcChannels) { _ in
            jit.set(registers.srcRow, to: registers.srcChannel)
            jit.set(registers.weightsRow, to: registers.weightsChannel)
            jit.loop("tap rows left", count: tapRows()) { _ in
                accumulateTapRow(run, masks, src: registers.srcRow, 0, weights: registers.weightsRow, 0)
                jit.advance(registers.srcRow, by: descriptor.rows.dilation * descriptor.columns.srcExtent * 4)
                jit.advance(registers.weightsRow, by: taps * 4)
            }
            advanceChannels(1)
        }
    }

    private func forEachChannelRound(_ body: (_ channels: Int) -> Void) {
        let unroll = Self.channelUnroll
        jit.loop("channel rounds left", count: descriptor.srcChannels / unroll) { _ in
            body(unroll)
            advanceChannels(unroll)
        }
        body(descriptor.srcChannels % unroll)
    }

    private func advanceChannels(_ count: Int) {
        jit.advance(registers.srcChannel, by: count * descriptor.srcPlaneByteCount)
        jit.advance(
            registers.weightsChannel,
            by: count * descriptor.rows.kernelExtent * descriptor.columns.kernelExtent * 4
        )
    }

    // MARK: One tap row of one channel

    private func accumulateTapRow(
        _ run: PlanarColumns.Run,
        _ masks: Masks,
        src: IntegerVariable,
        _ srcByteOffset: Int,
        weights: IntegerVariable,
        _ weightsByteOffset: Int
    ) {
        for tap in 0..<descriptor.columns.kernelExtent {
            let vectors = (0..<run.vectors).filter { loadSrc(run, masks, tap, $0, src, srcByteOffset) }
            prefetchRowBelow(tap, run, src[srcByteOffset])
            guard !vectors.isEmpty else { continue }
            for channel in 0..<tile.dstChannels {
                let place = weightsByteOffset + channel * descriptor.weightRowByteCount + tap * 4
                jit.broadcast(registers.weight, from: weights[place])
                for vector in vectors {
                    jit.accumulate(
                        registers.accumulator[channel][vector],
                        registers.srcVector[vector],
                        registers.weight
                    )
                }
            }
        }
    }

    /// Asks for the row below the window, for a later row of dst: a part of it beside every tap column.
    ///
    /// Every channel is a stream of its own, more than hardware prefetchers follow.
    private func prefetchRowBelow(_ tap: Int, _ run: PlanarColumns.Run, _ row: MemoryReference) {
        let lineByteCount = 64
        let taps = descriptor.columns.kernelExtent
        let lines = (run.vectors * jit.vectorByteCount * descriptor.columns.stride + lineByteCount - 1) / lineByteCount
        let dilatedRow = descriptor.rows.dilation * descriptor.columns.srcExtent * 4
        for line in (lines * tap / taps)..<(lines * (tap + 1) / taps) {
            var place = row
            place.displacement += descriptor.rows.kernelExtent * dilatedRow + line * lineByteCount
            jit.prefetch(place, .second)
        }
    }

    /// Loads the src elements under tap `tap` for one vector of columns; false if all are padding.
    private func loadSrc(
        _ run: PlanarColumns.Run,
        _ masks: Masks,
        _ tap: Int,
        _ vector: Int,
        _ src: IntegerVariable,
        _ byteOffset: Int
    ) -> Bool {
        let parts = run.inside[tap][vector]
        guard parts.contains(where: { !$0.isEmpty }) else { return false }
        let stride = descriptor.columns.stride
        let first = byteOffset + (vector * jit.lanes * stride + tap * descriptor.columns.dilation) * 4
        let dst = registers.srcVector[vector]
        if stride == 1 {
            load(dst, from: src[first], parts[0], masks)
        } else {
            load(registers.weight, from: src[first], parts[0], masks)
            load(registers.srcHalf, from: src[first + jit.vectorByteCount], parts[1], masks)
            jit.evenElements(dst, registers.weight, registers.srcHalf)
        }
        return true
    }

    private func load(
        _ dst: FloatVector,
        from memory: MemoryReference,
        _ inside: Range<Int>,
        _ masks: Masks
    ) {
        if inside.isEmpty {
            jit.set(dst, to: 0)
        } else {
            jit.load(dst, from: memory, where: mask(inside, masks))
        }
    }

    // MARK: Masks

    /// Masks made before a tile, by the lanes they select.
    private typealias Masks = [Range<Int>: LaneMask]

    /// The partial masks of a run, if it keeps them.
    private func makeMasks(_ run: PlanarColumns.Run) -> Masks {
        guard run.hoistsMasks else { return [:] }
        return Dictionary(
            run.masks(lanes: jit.lanes).map { ($0, makeMask($0)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The mask that selects `lanes`: nil for all, one made before, or one made here.
    private func mask(_ lanes: Range<Int>, _ masks: Masks) -> LaneMask? {
        if lanes == 0..<jit.lanes { return nil }
        return masks[lanes] ?? makeMask(lanes)
    }

    private func makeMask(_ lanes: Range<Int>) -> LaneMask {
        let mask = jit.mask("lanes \(lanes.lowerBound) to \(lanes.upperBound - 1)")
        jit.lanesBelow(mask, jit.integer("upper", lanes.upperBound))
        if lanes.lowerBound > 0 {
            let outside = jit.mask("lanes below \(lanes.lowerBound)")
            jit.lanesBelow(outside, jit.integer("lower", lanes.lowerBound))
            jit.combine(.andNot, mask, outside, mask)
        }
        return mask
    }

    // MARK: Start and finish

    private func startAccumulators(_ run: PlanarColumns.Run) {
        let bias = descriptor.hasBias ? jit.integer("bias") : nil
        if let bias { jit.load(bias, from: field(\.bias)) }
        for channel in 0..<tile.dstChannels {
            for vector in 0..<run.vectors {
                let accumulator = registers.accumulator[channel][vector]
                if let bias {
                    jit.broadcast(accumulator, from: bias[channel * 4])
                } else {
                    jit.set(accumulator, to: 0)
                }
            }
        }
    }

    private func finishAccumulators(_ run: PlanarColumns.Run, _ masks: Masks) {
        for channel in 0..<tile.dstChannels {
            for vector in 0..<run.vectors {
                let value = registers.accumulator[channel][vector]
                let mask = vector == run.vectors - 1 ? mask(0..<run.lastColumns, masks) : nil
                let place = channel * descriptor.dstPlaneByteCount + vector * jit.vectorByteCount
                if let residual = registers.residual {
                    jit.load(registers.weight, from: residual[place], where: mask)
                    jit.add(value, value, registers.weight)
                }
            }
        }
        let activation = ConvolutionActivation(
            descriptor.activation,
            jit,
            spare: [registers.weight, registers.srcVector[0]]
        )
        for channel in 0..<tile.dstChannels {
            for vector in 0..<run.vectors {
                let value = registers.accumulator[channel][vector]
                let mask = vector == run.vectors - 1 ? mask(0..<run.lastColumns, masks) : nil
                activation.apply(value)
                let place = channel * descriptor.dstPlaneByteCount + vector * jit.vectorByteCount
                jit.store(value, to: registers.dst[place], where: mask)
            }
        }
    }

    private func advanceTile(_ run: PlanarColumns.Run) {
        let byteCount = run.vectors * jit.vectorByteCount
        jit.advance(registers.srcTile, by: byteCount * descriptor.columns.stride)
        jit.advance(registers.dst, by: byteCount)
        if let residual = registers.residual { jit.advance(residual, by: byteCount) }
    }

    // MARK: Arguments

    private func field(_ path: PartialKeyPath<PlanarConvolutionArguments>) -> MemoryReference {
        jit.arguments[MemoryLayout<PlanarConvolutionArguments>.offset(of: path) ?? .max]
    }

    private func tapRows() -> IntegerVariable {
        let count = jit.integer("tap rows")
        jit.load(count, from: field(\.tapRowCount))
        return count
    }
}

// MARK: - Registers

extension PlanarConvolutionGenerator {
    /// Every register by its role.
    private struct Registers {
        // Advancing from tile to tile.
        let srcTile: IntegerVariable
        let dst: IntegerVariable
        let residual: IntegerVariable?
        // Advancing within a tile.
        let srcChannel: IntegerVariable
        let srcRow: IntegerVariable
        let weightsChannel: IntegerVariable
        let weightsRow: IntegerVariable
        // Vectors.
        /// `[oc][vector]`.
        let accumulator: [[FloatVector]]
        let srcVector: [FloatVector]
        /// The second half of a strided load; the first is in ``weight``.
        let srcHalf: FloatVector
        let weight: FloatVector

        init(_ jit: KernelBuilder, _ tile: PlanarConvolutionTile, _ descriptor: PlanarConvolutionDescriptor) {
            typealias Fields = MemoryLayout<PlanarConvolutionArguments>
            srcTile = jit.argument("src tile", at: Fields.offset(of: \.src))
            dst = jit.argument("dst", at: Fields.offset(of: \.dst))
            residual =
                descriptor.addsResidual ? jit.argument("residual", at: Fields.offset(of: \.residual)) : nil
            srcChannel = jit.integer("src channel")
            srcRow = jit.integer("src row")
            weightsChannel = jit.integer("weights channel")
            weightsRow = jit.integer("weights row")
            accumulator = (0..<tile.dstChannels).map { channel in
                (0..<tile.vectors).map { jit.floats("accumulator[\(channel), \($0)]") }
            }
            srcVector = (0..<tile.vectors).map { jit.floats("src[\($0)]") }
            srcHalf = jit.floats("src half")
            weight = jit.floats("weight")
        }
    }
}
