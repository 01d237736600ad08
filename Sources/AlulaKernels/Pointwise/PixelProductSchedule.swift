// SPDX-License-Identifier: Apache-2.0

/// How a product of pixels is cut into calls of generated code, and calls into parts for threads.
///
/// Pixels are cut into panels whose src stays in the second-level cache while all chunks of outputs pass over it, so src is
/// read from memory once; the weights of a chunk stay in the first-level cache while it passes. Where there are few
/// panels, chunks are shared out, too.
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

    let descriptor: PixelProductDescriptor
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

    /// Half of a small second-level cache: the other half is for weights and dst.
    private static let panelByteCount = 256 << 10
    /// Parts that are enough to share out evenly.
    private static let sufficientPartCount = 16

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
        let panelCount = (itemCount + fitting - 1) / fitting
        itemsPerPanel = (itemCount + panelCount - 1) / panelCount
        let groups = (Self.sufficientPartCount + batch * panelCount - 1) / (batch * panelCount)
        chunksPerPart = (chunks.count + groups - 1) / groups
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
        let (slot, chunkPart) = part.quotientAndRemainder(dividingBy: chunkPartCount)
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
        for chunk in chunks[(chunkPart * chunksPerPart)..<min((chunkPart + 1) * chunksPerPart, chunks.count)] {
            var arguments = shared
            arguments.weights = operands.weights + chunk.weightsByteOffset
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
