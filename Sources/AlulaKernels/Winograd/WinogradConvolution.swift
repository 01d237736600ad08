// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// A Winograd convolution ready to run: compiled for its descriptor, cut into parts any thread may take.
///
/// A part transforms its tiles of src into the calling thread's scratch memory, then computes panel after panel of dst
/// channels: products, transformed and finished into dst.
package struct WinogradConvolution: Sendable {
    package let descriptor: WinogradDescriptor
    package let blocking: WinogradBlocking
    let layout: WinogradLayout
    let schedule: WinogradSchedule
    let prefetch: WinogradPrefetch
    private let kernels: WinogradKernels
    /// A row of src outside src.
    private let zeroRow: Tensor

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameter target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``WinogradDescriptor/rejection(lanes:)`` gives a
    ///   reason, ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` for a register tile that does
    ///   not fit.
    package init(
        _ descriptor: WinogradDescriptor,
        blocking: WinogradBlocking,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: vectors.lanes) {
            throw .invalidProgram(kernel: "winograd convolution", reason: reason)
        }
        self.descriptor = descriptor
        self.blocking = blocking
        layout = WinogradLayout(descriptor, blocking, lanes: vectors.lanes)
        schedule = WinogradSchedule(descriptor, blocking, panelCount: layout.panels.count)
        prefetch = WinogradPrefetch(blocking, layout, schedule)
        kernels = try WinogradKernels(descriptor, blocking, layout, schedule, prefetch, target, cache)
        zeroRow = Tensor(zeros: .float32, shape: [descriptor.columns.srcExtent, vectors.lanes])
    }

    /// What profilers and reports show.
    package var identifier: String { kernels.identifier }
    /// Channels in a block.
    package var lanes: Int { layout.lanes }
    /// Independent parts, for any threads in any order.
    package var partCount: Int { schedule.partCount }
    /// Bytes of scratch memory a part needs, aligned to a cache line.
    package var scratchByteCount: Int { layout.scratchByteCount }

    /// Where the operands lie, as addresses.
    package struct Operands: Sendable {
        package var src: Int
        /// As ``WinogradConvolution/packedWeights(_:)`` makes them.
        package var weights: Int
        /// Padded to whole blocks; unused without bias.
        package var bias: Int
        package var dst: Int
        /// Bytes from image to image of dst; nil if they follow each other.
        package var dstImageByteCount: Int?
        /// Addresses of the epilogue's operands.
        package var epilogue: EpilogueArguments

        package init(
            src: Int,
            weights: Int,
            bias: Int = 0,
            dst: Int,
            dstImageByteCount: Int? = nil,
            epilogue: EpilogueArguments = EpilogueArguments()
        ) {
            self.src = src
            self.weights = weights
            self.bias = bias
            self.dst = dst
            self.dstImageByteCount = dstImageByteCount
            self.epilogue = epilogue
        }
    }

    /// Computes part `part` with ``scratchByteCount`` bytes at `scratch`. The memory stays alive, and unmodified by others,
    /// until it returns.
    package func run(part: Int, _ operands: Operands, scratch: Int) {
        let tiles = schedule.tiles(ofPart: part)
        transformSrc(tiles, operands, scratch: scratch)
        let products = scratch + layout.srcByteCount
        let strips = products + layout.dstByteCount
        for panel in schedule.panels(ofPart: part) {
            listStrips(part: part, panel: panel, operands, at: strips)
            kernels.multiply(tileCount: tiles.count, dstBlocks: layout.panels[panel])(
                WinogradMultiplyArguments(
                    src: scratch,
                    weights: operands.weights + layout.weightPanelByteOffset(panel),
                    dst: products,
                    strips: strips
                )
            )
            transformDst(tiles, panel: panel, operands, products: products)
        }
        withExtendedLifetime(zeroRow) {}
    }

    // MARK: Src

    /// Transforms all channels of `tiles`, a register tile's tiles at a time.
    private func transformSrc(_ tiles: Range<Int>, _ operands: Operands, scratch: Int) {
        let zeros = Int(bitPattern: zeroRow.address)
        for start in stride(from: tiles.lowerBound, to: tiles.upperBound, by: layout.width) {
            let group = start..<min(start + layout.width, tiles.upperBound)
            var dst = scratch + (start - tiles.lowerBound) * layout.srcBlockCount * layout.vectorByteCount
            schedule.forEachSegment(of: group) { segment in
                var arguments = WinogradSrcArguments(
                    dst: dst,
                    dstBlockByteCount: group.count * layout.vectorByteCount,
                    tileCount: segment.tileCount
                )
                setRows(&arguments, segment, src: operands.src, zeros: zeros)
                kernels.src[segment.run](arguments)
                dst += segment.tileCount * layout.vectorByteCount
            }
        }
    }

    private func setRows(
        _ arguments: inout WinogradSrcArguments,
        _ segment: WinogradSchedule.Segment,
        src: Int,
        zeros: Int
    ) {
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        let rowByteCount = columns.srcExtent * layout.vectorByteCount
        let extent = blocking.variant.dstExtent
        let column = (segment.tileColumn * extent - columns.padBegin) * layout.vectorByteCount
        let image = src + segment.image * layout.srcBlockCount * rows.srcExtent * rowByteCount
        for index in 0..<blocking.variant.srcExtent {
            let row = segment.tileRow * extent - rows.padBegin + index
            let isInside = (0..<rows.srcExtent).contains(row)
            arguments.rows[index] = (isInside ? image + row * rowByteCount : zeros) + column
            arguments.rowBlockByteCounts[index] = isInside ? rows.srcExtent * rowByteCount : 0
        }
    }

    // MARK: Dst

    /// Transforms and finishes the products of one panel.
    private func transformDst(_ tiles: Range<Int>, panel: Int, _ operands: Operands, products: Int) {
        let blocks = layout.panels[panel]
        let firstBlock = panel * blocking.dstBlocks
        let extent = blocking.variant.dstExtent
        let rowByteCount = descriptor.columns.dstExtent * layout.vectorByteCount
        let blockByteCount = descriptor.rows.dstExtent * rowByteCount
        let imageByteCount = layout.dstBlockCount * blockByteCount
        var src = products
        schedule.forEachSegment(of: tiles) { segment in
            let isLastRow = segment.tileRow == schedule.tileRowCount - 1
            let kernel = kernels.dst(run: segment.run, isLastRow: isLastRow, dstBlocks: blocks)
            let dstImage = operands.dst + segment.image * (operands.dstImageByteCount ?? imageByteCount)
            let place =
                segment.tileRow * extent * rowByteCount + segment.tileColumn * extent * layout.vectorByteCount
            for index in 0..<blocks {
                let block = firstBlock + index
                kernel(
                    WinogradDstArguments(
                        src: src + index * layout.vectorByteCount,
                        bias: operands.bias + block * layout.vectorByteCount,
                        dst: dstImage + block * blockByteCount + place,
                        tileCount: segment.tileCount,
                        epilogue: descriptor.epilogue.arguments(
                            operands.epilogue,
                            image: segment.image,
                            block: block,
                            blockCount: layout.dstBlockCount,
                            imageByteCount: imageByteCount,
                            lanes: lanes,
                            dstImage: dstImage
                        )
                    )
                )
            }
            src += segment.tileCount * blocks * layout.vectorByteCount
        }
    }

    // MARK: Weights

    /// `weights` `[OC, IC, 3, 3]`, transformed and packed as ``run(part:_:scratch:)`` reads them.
    package func packedWeights(_ weights: Tensor) -> Tensor {
        let packed = Tensor(uninitialized: .float32, shape: packedWeightShape)
        packWeights(weights, into: packed)
        return packed
    }

    /// The shape of packed weights.
    var packedWeightShape: Shape { [layout.weightByteCount / 4] }

    /// Writes `weights`, transformed and packed, to `packed`.
    func packWeights(_ weights: Tensor, into packed: Tensor) {
        var block = 0
        for (panel, blocks) in layout.panels.enumerated() {
            for index in 0..<blocks {
                let firstChannel = block * lanes
                kernels.weights(dstBlocks: blocks)(
                    WinogradWeightArguments(
                        weights: Int(bitPattern: weights.address) + firstChannel * descriptor.srcChannels * 9 * 4,
                        dst: Int(bitPattern: packed.address) + layout.weightPanelByteOffset(panel)
                            + index * layout.vectorByteCount,
                        laneCount: min(lanes, descriptor.dstChannels - firstChannel)
                    )
                )
                block += 1
            }
        }
        withExtendedLifetime((weights, packed)) {}
    }
}
