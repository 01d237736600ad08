// SPDX-License-Identifier: Apache-2.0

/// How a change of layout is cut into calls of generated code, and calls into parts for threads.
///
/// A part is some blocks of an image or, where planes are large, a stretch of one block.
package struct ReorderSchedule: Sendable {
    package let descriptor: ReorderDescriptor
    /// Channels in a block.
    package let lanes: Int
    package let batch: Int
    private let blocksPerPart: Int
    private let tilesPerPart: Int

    /// About 10 µs of copying, some times the price of handing out a part.
    private static let partByteCount = 128 << 10

    package init(_ descriptor: ReorderDescriptor, batch: Int, lanes: Int) {
        self.descriptor = descriptor
        self.batch = batch
        self.lanes = lanes
        let tileByteCount = lanes * lanes * 4
        let tileCount = (descriptor.positions + lanes - 1) / lanes
        blocksPerPart = max(1, Self.partByteCount / (tileCount * tileByteCount))
        tilesPerPart = blocksPerPart > 1 ? tileCount : min(tileCount, Self.partByteCount / tileByteCount)
    }

    /// Where the operands lie, as addresses, and how far apart their images are.
    package struct Operands: Sendable {
        package var planar: Int
        package var planarImageByteCount: Int
        package var blocked: Int
        package var blockedImageByteCount: Int

        package init(planar: Int, planarImageByteCount: Int, blocked: Int, blockedImageByteCount: Int) {
            self.planar = planar
            self.planarImageByteCount = planarImageByteCount
            self.blocked = blocked
            self.blockedImageByteCount = blockedImageByteCount
        }
    }

    private var blockCount: Int { descriptor.blockCount(lanes: lanes) }
    private var fullBlockCount: Int { descriptor.channels / lanes }
    private var tileCount: Int { (descriptor.positions + lanes - 1) / lanes }
    private var blockPartCount: Int { (blockCount + blocksPerPart - 1) / blocksPerPart }
    private var stretchCount: Int { (tileCount + tilesPerPart - 1) / tilesPerPart }

    /// Independent parts.
    package var partCount: Int { batch * blockPartCount * stretchCount }

    /// The calls of part `part`: `body` gets whether the blocks are the last, partly filled one, and the arguments.
    package func forEachCall(
        of part: Int,
        _ operands: Operands,
        _ body: (_ isLast: Bool, ReorderArguments) -> Void
    ) {
        let (slot, stretch) = part.quotientAndRemainder(dividingBy: stretchCount)
        let (image, blockPart) = slot.quotientAndRemainder(dividingBy: blockPartCount)
        let blocks = (blockPart * blocksPerPart)..<min((blockPart + 1) * blocksPerPart, blockCount)
        let tiles = (stretch * tilesPerPart)..<min((stretch + 1) * tilesPerPart, tileCount)
        let hasTail = descriptor.positions % lanes > 0 && tiles.upperBound == tileCount
        let fullBlocks = blocks.clamped(to: 0..<fullBlockCount)
        for (isLast, some) in [(false, fullBlocks), (true, blocks.clamped(to: fullBlockCount..<blockCount))]
        where !some.isEmpty {
            let block = some.lowerBound * lanes * descriptor.positions
            let start = tiles.lowerBound * lanes
            body(
                isLast,
                ReorderArguments(
                    planar: operands.planar + image * operands.planarImageByteCount + (block + start) * 4,
                    blocked: operands.blocked + image * operands.blockedImageByteCount + (block + start * lanes) * 4,
                    blockCount: some.count,
                    tileCount: hasTail ? tiles.count - 1 : tiles.count,
                    tailCount: hasTail ? 1 : 0
                )
            )
        }
    }
}
