// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// How a walk of a window over blocked planes is cut into calls of generated code, and calls into parts for threads.
///
/// A part is some blocks of a band of rows of an image. Bands come before blocks: products of pixels are shared out by
/// rows as well, so a thread finds what it wrote itself. Where planes are small, one call walks over all blocks of a part
/// before the next takes the rows below.
package struct WindowSchedule: Sendable {
    /// Where the operands lie, as addresses, and how far apart their images are.
    package struct Operands: Sendable {
        package var src = 0
        package var srcImageByteCount = 0
        package var dst = 0
        package var dstImageByteCount = 0
        package var weights = 0
        package var bias = 0
        /// Addresses of the epilogue's operands.
        package var epilogue = EpilogueArguments()

        package init(src: KernelOperands.Place, dst: KernelOperands.Place) {
            self.src = src.address
            srcImageByteCount = src.outerStrideElements * 4
            self.dst = dst.address
            dstImageByteCount = dst.outerStrideElements * 4
        }
    }

    let rows: WindowAxis
    let columns: WindowAxis
    let tile: WindowTile
    let epilogue: Epilogue
    /// Channels in a block.
    package let lanes: Int
    package let batch: Int
    let blockCount: Int
    /// Tiles of rows, from the first row of dst to the last.
    let rowRuns: [WindowTiles.Run]
    /// The same, as far as calls need it.
    private let stretches: [Stretch]
    private let tileCount: Int
    private let blocksPerPart: Int
    private let tilesPerPart: Int
    private let callsSpanBlocks: Bool

    /// Neighbouring tiles of rows that run the same code.
    private struct Stretch {
        let firstTile: Int
        let tileCount: Int
        /// Where tap rows are a loop: those inside src.
        let firstTapRow: Int
        let tapRowCount: Int
    }

    /// Parts that are enough to share out evenly.
    private static let sufficientPartCount = 32
    /// Bands that are enough to share out evenly, and the rows of dst from which on they are.
    private static let sufficientBandCount = 8
    private static let bandedRowCount = 14
    /// Values of a part that are worth handing it out.
    private static let partElementCount = 4096
    /// What a part of small planes may touch and still find in a small second-level cache.
    private static let partByteCount = 128 << 10

    init(
        rows: WindowAxis,
        columns: WindowAxis,
        tile: WindowTile,
        epilogue: Epilogue,
        lanes: Int,
        batch: Int,
        blockCount: Int,
        countsCells: Bool = false
    ) {
        self.rows = rows
        self.columns = columns
        self.tile = tile
        self.epilogue = epilogue
        self.lanes = lanes
        self.batch = batch
        self.blockCount = blockCount
        rowRuns = WindowTiles(rows, tileExtent: tile.rows, countsCells: countsCells).runs
        var stretches: [Stretch] = []
        for run in rowRuns {
            let taps = tile.loopsOverTapRows ? run.taps(of: 0) : []
            stretches.append(
                Stretch(
                    firstTile: stretches.last.map { $0.firstTile + $0.tileCount } ?? 0,
                    tileCount: run.tileCount,
                    firstTapRow: taps.first ?? 0,
                    tapRowCount: taps.count
                )
            )
        }
        self.stretches = stretches
        tileCount = rowRuns.reduce(0) { $0 + $1.tileCount }
        let planeByteCount =
            (rows.srcExtent * columns.srcExtent + rows.dstExtent * columns.dstExtent) * lanes * 4
        callsSpanBlocks = planeByteCount <= Self.partByteCount / 4
        let isBanded = rows.dstExtent >= Self.bandedRowCount && batch < Self.sufficientBandCount
        let bandCount = isBanded ? max(1, min(Self.sufficientBandCount, tileCount / 2) / 2 * 2) : 1
        let perBlock = Self.partByteCount / (planeByteCount / bandCount + 1)
        blocksPerPart = max(1, min(perBlock, batch * bandCount * blockCount / Self.sufficientPartCount))
        let blockPartCount = batch * ((blockCount + blocksPerPart - 1) / blocksPerPart)
        let stretchCount = max(bandCount, Self.sufficientPartCount / blockPartCount)
        let least = Self.partElementCount / (tile.rows * columns.dstExtent * lanes) + 1
        tilesPerPart = min(tileCount, max(least, (tileCount + stretchCount - 1) / stretchCount))
    }

    private var blockPartCount: Int { (blockCount + blocksPerPart - 1) / blocksPerPart }
    private var stretchCount: Int { (tileCount + tilesPerPart - 1) / tilesPerPart }

    /// Independent parts.
    package var partCount: Int { batch * blockPartCount * stretchCount }

    /// The calls of part `part`: `body` gets the index among ``rowRuns`` of the kernel, and its arguments.
    func forEachCall(of part: Int, _ operands: Operands, _ body: (_ run: Int, WindowArguments) -> Void) {
        let (slot, blockPart) = part.quotientAndRemainder(dividingBy: blockPartCount)
        let (image, stretch) = slot.quotientAndRemainder(dividingBy: stretchCount)
        let blocks = (blockPart * blocksPerPart)..<min((blockPart + 1) * blocksPerPart, blockCount)
        let tiles = (stretch * tilesPerPart)..<min((stretch + 1) * tilesPerPart, tileCount)
        let step = callsSpanBlocks ? blocks.count : 1
        for block in stride(from: blocks.lowerBound, to: blocks.upperBound, by: step) {
            for (index, stretch) in stretches.enumerated() {
                let some = tiles.clamped(to: stretch.firstTile..<(stretch.firstTile + stretch.tileCount))
                guard !some.isEmpty else { continue }
                // Only the last tile is less high than the others.
                let row = some.lowerBound * tile.rows
                var arguments = arguments(operands, image: image, block: block, row: row, tap: stretch.firstTapRow)
                arguments.blockCount = step
                arguments.tileCount = some.count
                arguments.tapRowCount = stretch.tapRowCount
                body(index, arguments)
            }
        }
    }

    private func arguments(
        _ operands: Operands,
        image: Int,
        block: Int,
        row: Int,
        tap: Int
    ) -> WindowArguments {
        var arguments = WindowArguments()
        let srcRow = block * rows.srcExtent + rows.srcIndex(dst: row, tap: tap)
        let dstRow = block * rows.dstExtent + row
        let vectorByteCount = lanes * 4
        let dstImage = operands.dst + image * operands.dstImageByteCount
        arguments.src =
            operands.src + image * operands.srcImageByteCount + srcRow * columns.srcExtent * vectorByteCount
        arguments.dst = dstImage + dstRow * columns.dstExtent * vectorByteCount
        arguments.weights =
            operands.weights + (block * rows.kernelExtent + tap) * columns.kernelExtent * vectorByteCount
        arguments.bias = operands.bias + block * vectorByteCount
        arguments.epilogue = epilogue.arguments(
            operands.epilogue,
            image: image,
            block: block,
            blockCount: blockCount,
            imageByteCount: blockCount * rows.dstExtent * columns.dstExtent * vectorByteCount,
            lanes: lanes,
            dstImage: dstImage
        )
        return arguments
    }
}

extension Epilogue {
    /// What a call reads of the operands at `addresses`.
    ///
    /// - Parameters:
    ///   - block: the first one the call computes, of `blockCount` in an image.
    ///   - imageByteCount: from an image of an operand like dst to the next.
    ///   - dstImage: the address of the image in dst.
    func arguments(
        _ addresses: EpilogueArguments,
        image: Int,
        block: Int,
        blockCount: Int,
        imageByteCount: Int,
        lanes: Int,
        dstImage: Int
    ) -> EpilogueArguments {
        var arguments = addresses
        for index in operands.indices {
            switch operands[index].extent {
            case .full: arguments[index] += image * imageByteCount - dstImage
            case .channel: arguments[index] += block * lanes * 4
            case .imageChannel: arguments[index] += (image * blockCount + block) * lanes * 4
            case .number, .scalar, .row: break
            }
        }
        return arguments
    }
}
