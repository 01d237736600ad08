// SPDX-License-Identifier: Apache-2.0

/// How a product of pixels is cut into calls of generated code, and calls into parts for threads.
///
/// Pixels are cut into panels whose src stays in the second-level cache while all chunks of outputs pass over it, so src is
/// read from memory once; the weights of a chunk stay in the first-level cache while it passes. Where there are few
/// panels, chunks are shared out, too. Where all weights are more than that cache holds and panels come from several images,
/// all panels pass over a chunk before the next, and a call asks for the weights of the next one.
struct PixelProductSchedule: Sendable {
    /// Vectors of outputs that one call computes. Bytes count from the first of an image, or of all weights.
    struct Chunk: Sendable {
        /// Vectors in it.
        let blocks: Int
        let weightsByteOffset: Int
        let biasByteOffset: Int
        let dstByteOffset: Int
        /// The block of channels of its first vector.
        let channelBlock: Int
        /// Outputs it computes that exist.
        let outputCount: Int
    }

    /// Where the operands lie, as addresses, and how far apart their images are.
    struct Operands: Sendable {
        var src = 0
        var srcImageByteCount = 0
        var weights = 0
        var bias = 0
        var dst = 0
        var dstImageByteCount = 0
        /// Addresses of the epilogue's operands, and how far apart images of those like dst are.
        var epilogue = EpilogueArguments()
        var operandImageByteCount = 0
    }

    private(set) var descriptor: PixelProductDescriptor
    let tile: PixelProductTile
    let lanes: Int
    let batch: Int
    /// Rows of src that dst is made of.
    let rowCount: Int
    let chunks: [Chunk]
    /// Blocks of channels in an image of dst.
    let channelBlockCount: Int
    /// Rows, or tiles of the only row, in a panel.
    private let itemsPerPanel: Int
    private let chunksPerPart: Int
    /// Whether all panels of all images pass over some chunks before the next ones.
    private let keepsWeights: Bool

    /// Half of a small second-level cache: the other half is for weights and dst.
    private static let panelByteCount = 512 << 10
    /// Parts that are enough to share out evenly.
    private static let sufficientPartCount = 16
    /// All weights of a product that stay in half of a small second-level cache.
    private static let residentWeightByteCount = 512 << 10
    /// All weights of a product that are read so quickly that asking ahead gains nothing.
    private static let nearWeightByteCount = 64 << 10
    /// Tiles in a call beyond which reading weights takes little of its time.
    private static let longCallTileCount = 32

    init(
        _ descriptor: PixelProductDescriptor,
        tile: PixelProductTile,
        lanes: Int,
        batch: Int,
        rowCount: Int,
        chunks: [Chunk],
        channelBlockCount: Int
    ) {
        self.descriptor = descriptor
        self.tile = tile
        self.lanes = lanes
        self.batch = batch
        self.rowCount = rowCount
        self.chunks = chunks
        self.channelBlockCount = channelBlockCount
        let itemPixelCount = rowCount > 1 ? descriptor.rowPixelCount : tile.pixels
        let itemCount = rowCount > 1 ? rowCount : (descriptor.rowPixelCount + tile.pixels - 1) / tile.pixels
        let blockCount = (descriptor.srcChannels + lanes - 1) / lanes
        let itemByteCount = blockCount * itemPixelCount * descriptor.srcPixelStep * lanes * 4
        let fitting = max(1, Self.panelByteCount / itemByteCount)
        let weightByteCount = descriptor.srcChannels * chunks.reduce(0) { $0 + $1.blocks } * lanes * 4
        let staysResident = weightByteCount <= Self.residentWeightByteCount
        var panelCount = (itemCount + fitting - 1) / fitting
        if staysResident {
            // Threads that share out pixels, not outputs, find what they wrote themselves.
            let wanted = (Self.sufficientPartCount + batch * chunks.count - 1) / (batch * chunks.count)
            panelCount = max(panelCount, min(itemCount / 2, (wanted + 1) / 2 * 2))
        }
        itemsPerPanel = (itemCount + panelCount - 1) / panelCount
        keepsWeights = !staysResident && panelCount == 1 && batch > 1
        let groups = (Self.sufficientPartCount + batch * panelCount - 1) / (batch * panelCount)
        chunksPerPart = keepsWeights ? 1 : (chunks.count + groups - 1) / groups
        let tilesPerRow = (descriptor.rowPixelCount + tile.pixels - 1) / tile.pixels
        let tileCount = (rowCount > 1 ? itemsPerPanel * tilesPerRow : itemsPerPanel) * (keepsWeights ? batch : 1)
        if weightByteCount > Self.nearWeightByteCount && tileCount <= Self.longCallTileCount {
            let cacheLineByteCount = 64
            let blockLines = lanes * tile.blocks * lanes * 4 / cacheLineByteCount
            self.descriptor.weightLinesAhead = (blockLines + tileCount - 1) / tileCount
        }
    }

    private var itemCount: Int {
        rowCount > 1 ? rowCount : (descriptor.rowPixelCount + tile.pixels - 1) / tile.pixels
    }
    private var panelCount: Int { (itemCount + itemsPerPanel - 1) / itemsPerPanel }
    private var chunkPartCount: Int { (chunks.count + chunksPerPart - 1) / chunksPerPart }

    /// Independent parts.
    var partCount: Int { batch * panelCount * chunkPartCount }

    /// The calls of part `part`, in order: `body` gets the vectors of outputs the call computes and its arguments.
    func forEachCall(of part: Int, _ operands: Operands, _ body: (_ blocks: Int, PixelProductArguments) -> Void) {
        let slotCount = batch * panelCount
        let slot = keepsWeights ? part % slotCount : part / chunkPartCount
        let chunkPart = keepsWeights ? part / slotCount : part % chunkPartCount
        let (image, panel) = slot.quotientAndRemainder(dividingBy: panelCount)
        var shared = PixelProductArguments()
        let first = panel * itemsPerPanel
        let count = min(itemsPerPanel, itemCount - first)
        let vectorByteCount = lanes * 4
        var dstByteOffset = image * operands.dstImageByteCount
        shared.src = operands.src + image * operands.srcImageByteCount
        if rowCount > 1 {
            shared.rowCount = count
            shared.tileCount = descriptor.rowPixelCount / tile.pixels
            shared.tailCount = descriptor.rowPixelCount % tile.pixels > 0 ? 1 : 0
            shared.src += first * descriptor.srcRowStep * vectorByteCount
            dstByteOffset += first * dstRowByteCount
        } else {
            let hasTail = first + count == itemCount && descriptor.rowPixelCount % tile.pixels > 0
            shared.rowCount = 1
            shared.tileCount = hasTail ? count - 1 : count
            shared.tailCount = hasTail ? 1 : 0
            shared.src += first * tile.pixels * descriptor.srcPixelStep * vectorByteCount
            dstByteOffset += first * tile.pixels * dstPixelByteCount
        }
        let dstImage = operands.dst + image * operands.dstImageByteCount
        for index in (chunkPart * chunksPerPart)..<min((chunkPart + 1) * chunksPerPart, chunks.count) {
            let chunk = chunks[index]
            var arguments = shared
            arguments.weights = operands.weights + chunk.weightsByteOffset
            arguments.weightsAhead = arguments.weights
            if index + 1 < chunks.count {
                // Of a chunk that stays, every image's call asks for a share of the next.
                let next = chunks[index + 1].weightsByteOffset
                let share = keepsWeights ? (next - chunk.weightsByteOffset) / batch * image : 0
                arguments.weightsAhead = operands.weights + next + share
            }
            arguments.bias = operands.bias + chunk.biasByteOffset
            arguments.dst = operands.dst + dstByteOffset + chunk.dstByteOffset
            arguments.outputCount = chunk.outputCount
            arguments.epilogue = descriptor.epilogue.arguments(
                operands.epilogue,
                image: image,
                block: chunk.channelBlock,
                blockCount: channelBlockCount,
                imageByteCount: operands.operandImageByteCount,
                lanes: lanes,
                dstImage: dstImage
            )
            body(chunk.blocks, arguments)
        }
    }

    private var dstRowByteCount: Int {
        descriptor.destination == .blocked ? descriptor.dstRowStep * lanes * 4 : descriptor.rowPixelCount * 4
    }

    private var dstPixelByteCount: Int {
        descriptor.destination == .blocked ? descriptor.dstPixelStep * lanes * 4 : 4
    }
}
