// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// How a direct convolution is cut into calls of generated code, and calls into parts for threads.
///
/// A part is a run of rows within a group within an image. Where the weights of all channels fit the second-level cache, a
/// part computes all chunks of a row before the next, so that src is read once; otherwise a part is of one chunk, whose
/// weights stay in that cache while the rows of all images pass by, each asking for a share of the next chunk's.
package struct DirectConvolutionSchedule: Sendable {
    package private(set) var descriptor: DirectConvolutionDescriptor
    package let tile: DirectConvolutionTile
    /// Channels in a block.
    package let lanes: Int
    package let batch: Int
    /// Blocks of each chunk of a group; the last may be narrower.
    package let chunks: [Int]
    /// Rows of dst in one part.
    private let rowsPerPart: Int
    /// Whether a part computes all chunks.
    private let sharesRows: Bool

    /// Half of a small second-level cache: the other half is for src and dst.
    private static let sharedWeightByteCount = 512 << 10
    /// Weights of two chunks that fit a second-level cache side by side.
    private static let weightPairByteCount = 1536 << 10
    /// Tiles that share a chunk beyond which reading weights takes little of their time.
    private static let longChunkTileCount = 32

    package init(
        _ descriptor: DirectConvolutionDescriptor,
        batch: Int,
        tile: DirectConvolutionTile,
        lanes: Int
    ) {
        self.descriptor = descriptor
        self.tile = tile
        self.lanes = lanes
        self.batch = batch
        chunks = descriptor.chunkBlocks(tile: tile, lanes: lanes)
        // Enough parts to share out evenly, each long enough that its start does not count.
        rowsPerPart = max(1, descriptor.rows.dstExtent / 32)
        let weightElementCount =
            descriptor.dstBlockCount(lanes: lanes) * descriptor.packedBlockElementCount(lanes: lanes)
        sharesRows = weightElementCount * 4 <= Self.sharedWeightByteCount
        let tileCount = batch * descriptor.rows.dstExtent * tilesPerRow
        let chunkByteCount = tile.dstBlocks * descriptor.packedBlockElementCount(lanes: lanes) * 4
        guard !sharesRows, descriptor.srcLayout == .blocked, tileCount <= Self.longChunkTileCount,
            2 * chunkByteCount <= Self.weightPairByteCount
        else { return }
        let tapLines = lanes * tile.dstBlocks * lanes * 4 / Self.cacheLineByteCount
        self.descriptor.weightLinesAhead = (tapLines + tileCount - 1) / tileCount
    }

    private static let cacheLineByteCount = 64
    private var tilesPerRow: Int { (descriptor.columns.dstExtent + tile.width - 1) / tile.width }

    /// Where the operands lie, as addresses.
    package struct Operands: Sendable {
        package var src: Int
        /// As ``DirectConvolutionDescriptor/packedWeights(_:tile:lanes:)`` makes them.
        package var weights: Int
        /// As ``DirectConvolutionDescriptor/packedBias(_:lanes:)`` makes it; unused without bias.
        package var bias: Int
        package var dst: Int
        /// From an image of dst to the next where that is more than its bytes: dst is a slice of a larger tensor.
        package var dstImageByteCount: Int?
        /// Flags of the tiles of a part, row by row, 8 bytes each; unused unless empty tiles are skipped.
        var occupied = 0
        /// From the start of dst to the first element computed.
        var dstByteOffset = 0
        /// Addresses of the epilogue's operands.
        package var epilogue = EpilogueArguments()

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

    private var rowPartCount: Int { (descriptor.rows.dstExtent + rowsPerPart - 1) / rowsPerPart }
    private var chunkPartCount: Int { sharesRows ? 1 : chunks.count }

    /// Independent parts.
    package var partCount: Int { batch * descriptor.group * chunkPartCount * rowPartCount }

    /// The image (counting the groups of all images) and the rows of dst of part `part`.
    func imageAndRows(ofPart part: Int) -> (image: Int, rows: Range<Int>) {
        let (slot, rowPart) = part.quotientAndRemainder(dividingBy: rowPartCount)
        let firstRow = rowPart * rowsPerPart
        let (group, place) = slot.quotientAndRemainder(dividingBy: chunkPartCount * batch)
        let image = place % batch * descriptor.group + group
        return (image, firstRow..<min(firstRow + rowsPerPart, descriptor.rows.dstExtent))
    }

    /// The only chunk of part `part`, where parts do not compute all of them.
    private func chunk(ofPart part: Int) -> Int { part / rowPartCount / batch % chunkPartCount }

    /// From the start of src to column 0 of a row in the first channel of an image (counting the groups of all images).
    func srcByteOffset(image: Int, row: Int) -> Int { image * srcImageByteCount + row * srcRowByteCount }

    /// The calls of part `part`, in order: `body` gets the blocks the call computes and its arguments.
    package func forEachCall(
        of part: Int,
        _ operands: Operands,
        _ body: (_ dstBlocks: Int, DirectConvolutionArguments) -> Void
    ) {
        let (image, rows) = imageAndRows(ofPart: part)
        let chunkPart = chunk(ofPart: part)
        let flagRowByteCount = tilesPerRow * 8
        let blockCount = descriptor.dstBlockCount(lanes: lanes)
        let blockByteCount = descriptor.packedBlockElementCount(lanes: lanes) * 4
        let taps = descriptor.rows.kernelExtent * descriptor.columns.kernelExtent
        let shareByteCount =
            tilesPerRow * descriptor.channelRoundCount(lanes: lanes) * taps * descriptor.weightLinesAhead
            * Self.cacheLineByteCount
        for row in rows {
            for chunk in sharesRows ? chunks.indices : chunkPart..<(chunkPart + 1) {
                var arguments = arguments(operands, image: image, chunk: chunk, row: row)
                if descriptor.weightLinesAhead > 0 {
                    let isLast = chunk + 1 == chunks.count
                    let share = image / descriptor.group * descriptor.rows.dstExtent + row
                    let ahead = (isLast ? chunk : chunk + 1) * tile.dstBlocks + image % descriptor.group * blockCount
                    arguments.weightsAhead = operands.weights + ahead * blockByteCount + share * shareByteCount
                }
                arguments.occupied = operands.occupied + (row - rows.lowerBound) * flagRowByteCount
                body(chunks[chunk], arguments)
            }
        }
    }

    /// The call that computes row `row` of chunk `chunk`; `image` counts the groups of all images.
    private func arguments(
        _ operands: Operands,
        image: Int,
        chunk: Int,
        row: Int
    ) -> DirectConvolutionArguments {
        let firstBlock = chunk * tile.dstBlocks
        let blockCount = descriptor.dstBlockCount(lanes: lanes)
        let packedBlocks = image % descriptor.group * blockCount + firstBlock
        let weights = packedBlocks * descriptor.packedBlockElementCount(lanes: lanes) * 4
        let tapRowByteCount =
            descriptor.columns.kernelExtent * descriptor.channelsPerRound(lanes: lanes) * chunks[chunk] * lanes * 4
        let blockByteCount = descriptor.dstBlockByteCount(lanes: lanes)
        let dstRowByteCount = descriptor.dstRowStep * descriptor.dstRowByteCount(lanes: lanes)
        let imageByteCount = descriptor.group * blockCount * blockByteCount
        let batchIndex = image / descriptor.group
        let dstImage = operands.dst + batchIndex * (operands.dstImageByteCount ?? imageByteCount)
        let taps = descriptor.rows.taps(at: row)
        let srcRow = taps.isEmpty ? 0 : descriptor.rows.srcIndex(dst: row, tap: taps.lowerBound)
        return DirectConvolutionArguments(
            src: operands.src + srcByteOffset(image: image, row: srcRow),
            weights: operands.weights + weights + taps.lowerBound * tapRowByteCount,
            bias: operands.bias + packedBlocks * lanes * 4,
            dst: dstImage + operands.dstByteOffset + packedBlocks * blockByteCount + row * dstRowByteCount,
            tapRowCount: taps.count,
            skippedWeightByteCount: (descriptor.rows.kernelExtent - taps.count) * tapRowByteCount,
            epilogue: descriptor.epilogue.arguments(
                operands.epilogue,
                image: batchIndex,
                block: packedBlocks,
                blockCount: descriptor.group * blockCount,
                imageByteCount: imageByteCount,
                lanes: lanes,
                dstImage: dstImage
            )
        )
    }

    private var srcRowByteCount: Int {
        descriptor.columns.srcExtent * (descriptor.srcLayout == .blocked ? lanes : 1) * 4
    }

    /// Bytes of one group's channels of one image.
    private var srcImageByteCount: Int {
        let planes =
            descriptor.srcLayout == .blocked ? descriptor.srcBlockCount(lanes: lanes) : descriptor.srcChannels
        return planes * descriptor.rows.srcExtent * srcRowByteCount
    }
}
