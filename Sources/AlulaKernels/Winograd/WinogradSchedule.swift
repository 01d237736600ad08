// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// How a Winograd convolution is cut into parts for threads, and the tiles of a part into neighbours that run the same code.
///
/// Tiles are numbered row by row through all images of the batch; a part takes a range of them and a range of panels.
struct WinogradSchedule: Sendable {
    /// Neighbouring tile columns whose tiles see the same padding and reach equally far over the end of dst.
    struct ColumnRun: Hashable, Sendable {
        /// The tile columns.
        var tiles: Range<Int>
        /// Columns of a tile that lie inside src, and how many lie inside dst.
        let insideColumns: Range<Int>
        let dstColumnCount: Int
    }

    /// Neighbouring tiles of one tile row within a run.
    struct Segment {
        let image: Int
        let tileRow: Int
        let tileColumn: Int
        let tileCount: Int
        /// Index into ``WinogradSchedule/columnRuns``.
        let run: Int
    }

    let variant: WinogradVariant
    let tileRowCount: Int
    let tileColumnCount: Int
    let tileCount: Int
    let tilesPerPart: Int
    let panelsPerPart: Int
    let panelCount: Int
    let columnRuns: [ColumnRun]
    /// Rows of dst in the last tile row.
    let lastRowCount: Int

    init(_ descriptor: WinogradDescriptor, _ blocking: WinogradBlocking, panelCount: Int) {
        variant = blocking.variant
        let extent = variant.dstExtent
        tileRowCount = (descriptor.rows.dstExtent + extent - 1) / extent
        tileColumnCount = (descriptor.columns.dstExtent + extent - 1) / extent
        tileCount = descriptor.batch * tileRowCount * tileColumnCount
        tilesPerPart = blocking.tilesPerPart
        panelsPerPart = blocking.panelsPerPart
        self.panelCount = panelCount
        lastRowCount = descriptor.rows.dstExtent - (tileRowCount - 1) * extent
        columnRuns = Self.columnRuns(descriptor.columns, variant, tileCount: tileColumnCount)
    }

    private static func columnRuns(_ axis: WindowAxis, _ variant: WinogradVariant, tileCount: Int) -> [ColumnRun] {
        var runs: [ColumnRun] = []
        for tile in 0..<tileCount {
            let start = tile * variant.dstExtent - axis.padBegin
            let first = min(max(0, -start), variant.srcExtent)
            let end = max(first, min(variant.srcExtent, axis.srcExtent - start))
            let run = ColumnRun(
                tiles: tile..<(tile + 1),
                insideColumns: first == end ? 0..<0 : first..<end,
                dstColumnCount: min(variant.dstExtent, axis.dstExtent - tile * variant.dstExtent)
            )
            if let last = runs.last, last.insideColumns == run.insideColumns,
                last.dstColumnCount == run.dstColumnCount
            {
                runs[runs.count - 1].tiles = last.tiles.lowerBound..<(tile + 1)
            } else {
                runs.append(run)
            }
        }
        return runs
    }

    // MARK: Parts

    private var tilePartCount: Int { (tileCount + tilesPerPart - 1) / tilesPerPart }
    private var panelPartCount: Int { (panelCount + panelsPerPart - 1) / panelsPerPart }

    /// Independent parts.
    var partCount: Int { tilePartCount * panelPartCount }

    /// The tiles of part `part`.
    func tiles(ofPart part: Int) -> Range<Int> {
        let first = part / panelPartCount * tilesPerPart
        return first..<min(first + tilesPerPart, tileCount)
    }

    /// The panels of part `part`.
    func panels(ofPart part: Int) -> Range<Int> {
        let first = part % panelPartCount * panelsPerPart
        return first..<min(first + panelsPerPart, panelCount)
    }

    /// Tiles in the last part, which may have fewer.
    var lastPartTileCount: Int { tileCount - (tilePartCount - 1) * tilesPerPart }

    /// The segments `tiles` fall into, in order.
    func forEachSegment(of tiles: Range<Int>, _ body: (Segment) -> Void) {
        var tile = tiles.lowerBound
        while tile < tiles.upperBound {
            let (row, column) = tile.quotientAndRemainder(dividingBy: tileColumnCount)
            let (image, tileRow) = row.quotientAndRemainder(dividingBy: tileRowCount)
            var run = 0
            while columnRuns[run].tiles.upperBound <= column { run += 1 }
            let count = min(columnRuns[run].tiles.upperBound - column, tiles.upperBound - tile)
            body(Segment(image: image, tileRow: tileRow, tileColumn: column, tileCount: count, run: run))
            tile += count
        }
    }

    /// The rows `tiles` fall into, in order: image, tile row, tile columns.
    func forEachRow(of tiles: Range<Int>, _ body: (_ image: Int, _ tileRow: Int, _ tileColumns: Range<Int>) -> Void) {
        var tile = tiles.lowerBound
        while tile < tiles.upperBound {
            let (row, column) = tile.quotientAndRemainder(dividingBy: tileColumnCount)
            let (image, tileRow) = row.quotientAndRemainder(dividingBy: tileRowCount)
            let end = min(tileColumnCount, column + tiles.upperBound - tile)
            body(image, tileRow, column..<end)
            tile += end - column
        }
    }
}
