// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators

/// A transposed convolution whose stride is its kernel, over planar tensors: every dst element has one tap.
package struct PlanarUpsamplingDescriptor: Hashable, Sendable {
    /// Channels of src and of dst in one group.
    package var srcChannels: Int
    package var dstChannels: Int
    /// Extents of src.
    package var rows: Int
    package var columns: Int
    /// Dst rows and columns a src element becomes; columns 1, 2 or 4.
    package var rowFactor: Int
    package var columnFactor: Int
    package var hasBias: Bool
    package var activation: PlanarActivation

    var srcPlaneByteCount: Int { rows * columns * 4 }
    var dstPlaneByteCount: Int { rows * rowFactor * dstRowByteCount }
    var dstRowByteCount: Int { columns * columnFactor * 4 }
    /// From the weights of a dst channel to those of the next, and of a src channel to the next.
    var weightsDstByteCount: Int { rowFactor * columnFactor * 4 }
    var weightsSrcByteCount: Int { dstChannels * weightsDstByteCount }
}

/// Generates one dst row of an upsampling convolution for a few channels.
///
/// `accumulator[oc, dx][x…] += weights[ic, oc, dy, dx] · src[ic, y, x…]`, one vector of sums for every phase `dx`; dst
/// `[oc, y·rowFactor + dy, x·columnFactor + dx]` is the phases interleaved.
package struct PlanarUpsamplingGenerator {
    private let jit: KernelBuilder
    private let descriptor: PlanarUpsamplingDescriptor
    /// Channels of dst and vectors of src columns computed together.
    private let tile: PlanarConvolutionTile
    private let srcTile: IntegerVariable
    private let dst: IntegerVariable

    private static let channelUnroll = 4  // enough work to hide the loop

    /// The program for `tile.dstChannels` channels.
    package static func program(
        _ descriptor: PlanarUpsamplingDescriptor,
        tile: PlanarConvolutionTile,
        target: VectorTarget
    ) -> KernelProgram {
        let generator = PlanarUpsamplingGenerator(descriptor, tile, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(
        _ descriptor: PlanarUpsamplingDescriptor,
        _ tile: PlanarConvolutionTile,
        _ target: VectorTarget
    ) {
        let kernel = "\(descriptor.rowFactor)x\(descriptor.columnFactor)"
        let columns = tile.vectors * target.lanes
        jit = KernelBuilder(
            name: "f32_upsample\(kernel)_planar_\(tile.dstChannels)x\(columns)\(descriptor.activation.nameSuffix)",
            target: target
        )
        self.descriptor = descriptor
        self.tile = tile
        typealias Fields = MemoryLayout<PlanarConvolutionArguments>
        srcTile = jit.argument("src tile", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
    }

    /// The tile with the lowest estimated cycles per multiply-add; nil if none fits.
    package static func tile(_ descriptor: PlanarUpsamplingDescriptor, _ target: VectorTarget) -> PlanarConvolutionTile?
    {
        let rowVectors = (descriptor.columns + target.lanes - 1) / target.lanes
        let spare = target.masksAreVectors ? 4 : 0  // masks and the emitter's own
        var best: (tile: PlanarConvolutionTile, cycles: Double)?
        for channels in 1...min(8, descriptor.dstChannels) {
            for vectors in 1...min(4, rowVectors) {
                let products = channels * descriptor.columnFactor * vectors
                guard products + vectors + 1 + spare <= target.vectorRegisterCount else { continue }
                let loads = Double(channels * descriptor.columnFactor + 2 * vectors)
                let step = max(Double(products) / 2, loads / 2, 4) + 0.3 + 0.05 * loads
                let tiles = (rowVectors + vectors - 1) / vectors
                let chunks = (descriptor.dstChannels + channels - 1) / channels
                let cycles = step * Double(tiles * chunks)
                if cycles < best?.cycles ?? .infinity {
                    best = (.init(dstChannels: channels, vectors: vectors), cycles)
                }
            }
        }
        return best?.tile
    }

    // MARK: Outline

    private func generate() {
        let axis = WindowAxis(srcExtent: descriptor.columns, dstExtent: descriptor.columns, kernelExtent: 1)
        for run in PlanarColumns(axis, tile: tile, target: jit.target).runs {
            jit.loop("tiles left", count: run.tileCount) { _ in
                let tail = run.lastColumns < jit.lanes ? mask(run.lastColumns) : nil
                let sums = startedSums(run)  // [oc][dx][vector]
                accumulate(sums, run, tail)
                store(sums, run)
                jit.advance(srcTile, by: run.vectors * jit.vectorByteCount)
                jit.advance(dst, by: run.vectors * jit.vectorByteCount * descriptor.columnFactor)
            }
        }
    }

    private func startedSums(_ run: PlanarColumns.Run) -> [[[FloatVector]]] {
        let bias = descriptor.hasBias ? loaded("bias", \.bias) : nil
        return (0..<tile.dstChannels).map { channel in
            (0..<descriptor.columnFactor).map { phase in
                (0..<run.vectors).map { vector in
                    let sum = jit.floats("sum[\(channel), \(phase), \(vector)]")
                    if let bias {
                        jit.broadcast(sum, from: bias[channel * 4])
                    } else {
                        jit.set(sum, to: 0)
                    }
                    return sum
                }
            }
        }
    }

    // MARK: The sum

    private func accumulate(_ sums: [[[FloatVector]]], _ run: PlanarColumns.Run, _ tail: LaneMask?) {
        let src = jit.integer("src channel", srcTile)
        let weights = loaded("weights", \.weights)
        let (weight, vectors) = (jit.floats("weight"), (0..<run.vectors).map { jit.floats("src[\($0)]") })
        func body(_ channels: Int) {
            for channel in 0..<channels {
                for (index, vector) in vectors.enumerated() {
                    let place = channel * descriptor.srcPlaneByteCount + index * jit.vectorByteCount
                    jit.load(vector, from: src[place], where: index == run.vectors - 1 ? tail : nil)
                    jit.prefetch(src[place + descriptor.columns * 4], .second)  // the next row, many streams apart
                }
                for (dstChannel, phases) in sums.enumerated() {
                    for (phase, row) in phases.enumerated() {
                        let place =
                            channel * descriptor.weightsSrcByteCount + dstChannel * descriptor.weightsDstByteCount
                        jit.broadcast(weight, from: weights[place + phase * 4])
                        for (sum, vector) in zip(row, vectors) { jit.accumulate(sum, vector, weight) }
                    }
                }
            }
            jit.advance(src, by: channels * descriptor.srcPlaneByteCount)
            jit.advance(weights, by: channels * descriptor.weightsSrcByteCount)
        }
        let unroll = Self.channelUnroll
        jit.loop("channel rounds left", count: descriptor.srcChannels / unroll) { _ in body(unroll) }
        body(descriptor.srcChannels % unroll)
    }

    // MARK: Finish

    private func store(_ sums: [[[FloatVector]]], _ run: PlanarColumns.Run) {
        let spare = [jit.floats("zero"), jit.floats("negative")]
        let activation = ConvolutionActivation(descriptor.activation, jit, spare: spare)
        for (channel, phases) in sums.enumerated() {
            for vector in 0..<run.vectors {
                for phase in phases { activation.apply(phase[vector]) }
                let columns = vector == run.vectors - 1 ? run.lastColumns : jit.lanes
                for (index, value) in interleaved(phases.map { $0[vector] }).enumerated() {
                    let count = min(jit.lanes, columns * descriptor.columnFactor - index * jit.lanes)
                    guard count > 0 else { continue }
                    let place =
                        channel * descriptor.dstPlaneByteCount
                        + (vector * descriptor.columnFactor + index) * jit.vectorByteCount
                    jit.store(value, to: dst[place], where: count < jit.lanes ? mask(count) : nil)
                }
            }
        }
    }

    /// The elements of all phases in turn: `p0[0], p1[0], …, p0[1], p1[1], …`, in as many vectors.
    private func interleaved(_ phases: [FloatVector]) -> [FloatVector] {
        guard phases.count > 1 else { return phases }
        let even = interleaved(phases.indices.filter { $0 % 2 == 0 }.map { phases[$0] })
        let odd = interleaved(phases.indices.filter { $0 % 2 == 1 }.map { phases[$0] })
        return zip(even, odd).flatMap { a, b in
            [false, true].map { second in
                let result = jit.floats("interleaved")
                jit.interleave(result, a, b, secondHalves: second)
                return result
            }
        }
    }

    // MARK: Arguments and masks

    private func mask(_ count: Int) -> LaneMask {
        let mask = jit.mask("first \(count)")
        jit.lanesBelow(mask, jit.integer("count", count))
        return mask
    }

    private func loaded(_ role: String, _ path: PartialKeyPath<PlanarConvolutionArguments>) -> IntegerVariable {
        let value = jit.integer(role)
        jit.load(value, from: jit.arguments[MemoryLayout<PlanarConvolutionArguments>.offset(of: path) ?? .max])
        return value
    }
}
