// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// A convolution of one tap ready to run: compiled for its descriptor, cut into parts any thread may take.
///
/// Inputs: src `[N, IC/c, H, W, c]`, weights `[OC, IC, 1, 1]` and bias `[OC]` known beforehand, then the operands of the
/// epilogue. Output: `[N, OC/c, OH, OW, c]`, or `[N, OC, OH, OW]`.
package struct PointwiseConvolution: AddressedKernel {
    package let descriptor: PointwiseDescriptor
    private let schedule: PixelProductSchedule
    /// The kernel of full chunks and that of the last, which may be narrower.
    private let kernel: ExecutableKernel
    private let lastKernel: ExecutableKernel
    private var operands: BlockedOperands
    private var weights: HeldConstant?
    private var bias: HeldConstant?

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameters:
    ///   - tile: nil takes the tile with the lowest estimated cost.
    ///   - target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``PointwiseDescriptor/rejection(lanes:)`` gives a
    ///   reason, ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` for a tile that does not
    ///   fit.
    package init(
        _ descriptor: PointwiseDescriptor,
        batch: Int,
        tile: PixelProductTile? = nil,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        let lanes = vectors.lanes
        if let reason = descriptor.rejection(lanes: lanes) {
            throw .invalidProgram(kernel: "pointwise convolution", reason: reason)
        }
        guard let tile = tile ?? descriptor.rankedTiles(vectors).first?.tile else {
            throw .invalidProgram(kernel: "pointwise convolution", reason: "no tile fits \(vectors)")
        }
        self.descriptor = descriptor
        let product = descriptor.product
        schedule = PixelProductSchedule(
            product,
            tile: tile,
            lanes: lanes,
            batch: batch,
            rowCount: descriptor.rowCount,
            chunks: Self.chunks(descriptor, tile, lanes: lanes),
            channelBlockCount: descriptor.dstBlockCount(lanes: lanes)
        )
        kernel = try schedule.descriptor.kernel(tile, target: target, cache: cache)
        let last = PixelProductTile(blocks: schedule.chunks.last?.blocks ?? tile.blocks, pixels: tile.pixels)
        lastKernel = try schedule.descriptor.kernel(last, target: target, cache: cache)
        let output: Shape = [batch, descriptor.dstChannels, descriptor.rows.dstExtent, descriptor.columns.dstExtent]
        operands = BlockedOperands(descriptor.epilogue, output: output, lanes: lanes)
    }

    private static func chunks(
        _ descriptor: PointwiseDescriptor,
        _ tile: PixelProductTile,
        lanes: Int
    ) -> [PixelProductSchedule.Chunk] {
        let dstPlane = descriptor.rows.dstExtent * descriptor.columns.dstExtent
        let count = descriptor.dstBlockCount(lanes: lanes)
        return PointwiseDescriptor.chunkBlocks(count: count, blocks: tile.blocks).enumerated().map { index, blocks in
            let first = index * tile.blocks
            return PixelProductSchedule.Chunk(
                blocks: blocks,
                weightsByteOffset: first * descriptor.srcChannels * lanes * 4,
                biasByteOffset: first * lanes * 4,
                dstByteOffset: first * lanes * dstPlane * 4,
                channelBlock: first,
                outputCount: descriptor.dstChannels - first * lanes
            )
        }
    }

    package var identifier: String { kernel.name }
    package var partCount: Int { schedule.partCount }
    package var acceptsStridedOutput: Bool { true }
    package var inputsThatMayBeOverwritten: [Int] { operands.inputsThatMayBeOverwritten }

    // MARK: - Constants

    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        var kernel = self
        let (blocks, lanes) = (schedule.tile.blocks, schedule.lanes)
        let packing = PixelWeightPacking(blocks: blocks, lanes: lanes, isTransposed: false)
        kernel.weights = constants[1].map { weights in
            HeldConstant(
                packed.tensor(weights, as: packing) { weights in
                    let (outputs, channels) = (descriptor.dstChannels, descriptor.srcChannels)
                    let source = weights.span(of: Float.self)
                    return packing.packed(outputs: outputs, channels: channels) { output, channel in
                        source[output * channels + channel]
                    }
                }
            )
        }
        if descriptor.hasBias {
            kernel.bias = constants[2].map { bias in
                HeldConstant(
                    packed.tensor(bias, as: lanes) {
                        BlockedLayout(lanes: lanes).blocked($0.reshaped(to: [1, descriptor.dstChannels, 1, 1]))
                    }
                )
            }
        }
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        return kernel
    }

    // MARK: - Running

    package func run(parts: Range<Int>, operands: KernelOperands) {
        guard let weights = weights?.address else { return }
        var places = PixelProductSchedule.Operands()
        let (src, dst) = (operands.input(0), operands.output)
        places.src = src.address
        places.srcImageByteCount = src.outerStrideElements * 4
        places.weights = weights
        places.bias = bias?.address ?? 0
        places.dst = dst.address
        places.dstImageByteCount = dst.outerStrideElements * 4
        places.epilogue = self.operands.addresses(operands)
        let pixels = descriptor.rows.dstExtent * descriptor.columns.dstExtent
        places.operandImageByteCount = descriptor.dstBlockCount(lanes: schedule.lanes) * pixels * schedule.lanes * 4
        for part in parts {
            schedule.forEachCall(of: part, places) { blocks, arguments in
                if blocks == schedule.tile.blocks { kernel(arguments) } else { lastKernel(arguments) }
            }
        }
    }
}
