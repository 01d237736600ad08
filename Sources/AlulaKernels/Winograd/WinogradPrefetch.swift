// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaSystem

/// What a part asks for ahead of its use while it multiplies.
///
/// Products keep the multiply-add units busy and load little, transforms load and store much and compute little. So memory
/// for the transforms is fetched into the second-level cache beside the products: the rows of dst this panel will write, the
/// rows of src the next part will read. Weights that stream from the third-level cache are fetched a plane ahead.
struct WinogradPrefetch: Hashable, Sendable {
    /// Cache lines a round of the innermost loop asks for: of the next plane's weights, and of a strip of src or dst.
    let weightLinesPerRound: Int
    let stripLinesPerRound: Int
    /// Bytes of a strip a register tile asks for.
    let stripByteCount: Int

    static let lineByteCount = 64
    /// Packed weights that stay in the second-level cache need not be asked for again.
    private static let residentWeightByteCount = 1 << 20
    private static let stripLineLimit = 8

    init(_ blocking: WinogradBlocking, _ layout: WinogradLayout, _ schedule: WinogradSchedule) {
        let unroll = min(blocking.channelUnroll, layout.lanes)
        let roundsPerTile = layout.srcChannels / layout.lanes * (layout.lanes / unroll)
        guard roundsPerTile > 0 else {
            (weightLinesPerRound, stripLinesPerRound, stripByteCount) = (0, 0, 0)
            return
        }
        let weightLines = layout.weightPlaneByteCount(blocks: blocking.dstBlocks) / Self.lineByteCount
        let rounds = layout.groupCount * roundsPerTile
        let isStreaming = layout.weightByteCount > Self.residentWeightByteCount
        weightLinesPerRound = isStreaming ? (weightLines + rounds - 1) / rounds : 0

        let tiles = min(blocking.tilesPerPart, schedule.tileColumnCount)
        let longestStrip = (tiles * blocking.variant.dstExtent + 2) * layout.vectorByteCount / Self.lineByteCount + 1
        let tileRows = (blocking.tilesPerPart + schedule.tileColumnCount - 1) / schedule.tileColumnCount + 1
        let panelsPerPart = min(blocking.panelsPerPart, layout.panels.count)
        let dstStrips = tileRows * blocking.variant.dstExtent * blocking.dstBlocks
        let srcStrips = tileRows * blocking.variant.srcExtent * layout.srcBlockCount / panelsPerPart
        let room = layout.planeCount * layout.groupCount
        var lines = 1
        func entries(_ lines: Int) -> Int {
            (longestStrip + lines * roundsPerTile - 1) / (lines * roundsPerTile) * (dstStrips + srcStrips)
        }
        while lines < Self.stripLineLimit, entries(lines) > room { lines += 1 }
        stripLinesPerRound = lines
        stripByteCount = lines * roundsPerTile * Self.lineByteCount
    }
}

extension WinogradConvolution {
    /// Lists the strips to ask for while `panel` of part `part` is multiplied, one for each register tile of each plane.
    func listStrips(part: Int, panel: Int, _ operands: Operands, at address: Int) {
        guard prefetch.stripLinesPerRound > 0 else { return }
        let tiles = schedule.tiles(ofPart: part)
        let groups = (tiles.count + layout.width - 1) / layout.width
        var list = StripList(
            next: address,
            end: address + layout.planeCount * groups * MemoryLayout<Int>.stride,
            stripByteCount: prefetch.stripByteCount
        )
        listDst(tiles, panel, operands, &list)
        if part + 1 < schedule.partCount { listSrc(schedule.tiles(ofPart: part + 1), part, panel, operands, &list) }
        list.fill(with: operands.weights)
    }

    /// The rows of dst that `panel` of `tiles` will be.
    private func listDst(_ tiles: Range<Int>, _ panel: Int, _ operands: Operands, _ list: inout StripList) {
        let extent = blocking.variant.dstExtent
        let rowByteCount = descriptor.columns.dstExtent * layout.vectorByteCount
        let blockByteCount = descriptor.rows.dstExtent * rowByteCount
        let imageByteCount = operands.dstImageByteCount ?? layout.dstBlockCount * blockByteCount
        let firstBlock = panel * blocking.dstBlocks
        for block in firstBlock..<firstBlock + layout.panels[panel] {
            schedule.forEachRow(of: tiles) { image, tileRow, tileColumns in
                let column = tileColumns.lowerBound * extent
                let columnCount = min(tileColumns.count * extent, descriptor.columns.dstExtent - column)
                for row in tileRow * extent..<min(tileRow * extent + extent, descriptor.rows.dstExtent) {
                    let place = image * imageByteCount + block * blockByteCount + row * rowByteCount
                    list.append(
                        operands.dst + place + column * layout.vectorByteCount,
                        byteCount: columnCount * layout.vectorByteCount
                    )
                }
            }
        }
    }

    /// The share of `panel` of the rows of src that `tiles`, of the next part, will be computed of.
    private func listSrc(
        _ tiles: Range<Int>,
        _ part: Int,
        _ panel: Int,
        _ operands: Operands,
        _ list: inout StripList
    ) {
        let panels = schedule.panels(ofPart: part)
        if panels.upperBound < layout.panels.count { return }  // the next part is of the same tiles
        let extent = blocking.variant.dstExtent
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        let rowByteCount = columns.srcExtent * layout.vectorByteCount
        let blockByteCount = rows.srcExtent * rowByteCount
        let share = panel - panels.lowerBound
        let blocks = layout.srcBlockCount
        for block in blocks * share / panels.count..<blocks * (share + 1) / panels.count {
            schedule.forEachRow(of: tiles) { image, tileRow, tileColumns in
                let firstRow = tileRow * extent - rows.padBegin
                let first = max(0, tileColumns.lowerBound * extent - columns.padBegin)
                let end = min(columns.srcExtent, tileColumns.upperBound * extent + 2 - columns.padBegin)
                for row in max(0, firstRow)..<max(0, firstRow, min(rows.srcExtent, firstRow + extent + 2)) {
                    let place = (image * blocks + block) * blockByteCount + row * rowByteCount
                    list.append(
                        operands.src + place + first * layout.vectorByteCount,
                        byteCount: max(0, end - first) * layout.vectorByteCount
                    )
                }
            }
        }
    }
}

/// Addresses written one behind the other, as many as there is room for.
private struct StripList {
    var next: Int
    let end: Int
    let stripByteCount: Int

    /// Adds `byteCount` bytes at `address`, a strip at a time.
    mutating func append(_ address: Int, byteCount: Int) {
        var strip = address
        while strip < address + byteCount && next < end {
            RawMemoryAccess.store(UInt64(truncatingIfNeeded: strip), UInt(bitPattern: next), byteCount: 8)
            next += MemoryLayout<Int>.stride
            strip += stripByteCount
        }
    }

    /// Writes `address` to the room that is left.
    mutating func fill(with address: Int) {
        while next < end { append(address, byteCount: 1) }
    }
}
