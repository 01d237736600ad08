// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

/// Generates the walk of a window over blocked planes: blocks, tiles of rows, tiles of columns, and within a tile every
/// src vector under any of its windows, read once. What is done with them is a ``WindowBody``'s.
///
/// Layouts: src `[C/c, H, W, c]`, dst `[C/c, OH, OW, c]`, where `c` is the lanes of a vector. A kernel computes tiles of
/// rows that see the same padding; columns of a row are a few straight tiles at its edges and one loop over those between.
/// Taps outside src are left out of the code.
struct WindowSweep {
    let jit: KernelBuilder
    let rows: WindowAxis
    let columns: WindowAxis
    let tile: WindowTile
    /// The tiles of rows; of those with a loop over tap rows only the extent counts.
    let rowRun: WindowTiles.Run
    let columnRuns: [WindowTiles.Run]

    /// The first src element under the tile at hand, and its first dst element.
    private let src: IntegerVariable
    let dst: IntegerVariable
    /// Bytes from the first block's channels to those of the block at hand.
    let channelByteOffset: IntegerVariable

    init(
        _ jit: KernelBuilder,
        rows: WindowAxis,
        columns: WindowAxis,
        tile: WindowTile,
        rowRun: WindowTiles.Run,
        countsCells: Bool = false
    ) {
        self.jit = jit
        self.rows = rows
        self.columns = columns
        self.tile = tile
        self.rowRun = rowRun
        columnRuns = WindowTiles(columns, tileExtent: tile.columns, countsCells: countsCells).runs
        src = jit.integer("src")
        dst = jit.integer("dst")
        channelByteOffset = jit.integer("channel offset", 0)
    }

    /// Bytes of a src row, and of a dst row.
    private var srcRowByteCount: Int { columns.srcExtent * jit.vectorByteCount }
    var dstRowByteCount: Int { columns.dstExtent * jit.vectorByteCount }

    /// Generates the whole kernel.
    func generate(_ body: some WindowBody) {
        jit.loop("blocks left", count: argument("blocks", \.blockCount)) { _ in
            body.beginBlock(self)
            setAddress(src, \.src, planeElementCount: rows.srcExtent * columns.srcExtent)
            setAddress(dst, \.dst, planeElementCount: rows.dstExtent * columns.dstExtent)
            jit.advance(src, by: -columns.padBegin * jit.vectorByteCount)
            jit.loop("row tiles left", count: argument("row tiles", \.tileCount)) { _ in
                for run in columnRuns {
                    if run.tileCount == 1 {
                        generateTile(run, body)
                    } else {
                        jit.loop("tiles left", count: run.tileCount) { _ in generateTile(run, body) }
                    }
                }
                let srcColumnCount = columns.dstExtent * columns.stride  // those the tiles went over
                let nextRows = rowRun.extent * rows.stride * srcRowByteCount
                jit.advance(src, by: nextRows - srcColumnCount * jit.vectorByteCount)
                jit.advance(dst, by: (rowRun.extent - 1) * dstRowByteCount)
            }
            jit.advance(channelByteOffset, by: jit.vectorByteCount)
        }
    }

    /// The place of the block at hand behind that of the first block.
    private func setAddress(
        _ address: IntegerVariable,
        _ path: PartialKeyPath<WindowArguments>,
        planeElementCount: Int
    ) {
        jit.set(address, to: channelByteOffset)
        jit.multiply(address, by: planeElementCount)
        jit.advance(address, by: argument("first block", path))
    }

    private func generateTile(_ run: WindowTiles.Run, _ body: some WindowBody) {
        let values = (0..<rowRun.extent).map { row in
            (0..<run.extent).map { column in
                let value = jit.floats("value[\(row), \(column)]")
                body.start(value, self)
                return value
            }
        }
        if tile.loopsOverTapRows {
            let row = jit.integer("tap row", src)
            body.beginTapRowLoop(self)
            jit.loop("tap rows left", count: argument("tap rows", \.tapRowCount)) { _ in
                combine([(0, 0)], row, 0, values, run, body)
                jit.advance(row, by: rows.dilation * srcRowByteCount)
                body.advanceTapRow(self)
            }
        } else {
            for srcRow in 0..<((rowRun.extent - 1) * rows.stride + rows.reach) {
                let uses = Self.uses(of: srcRow, rows, rowRun)
                if !uses.isEmpty { combine(uses, src, srcRow * srcRowByteCount, values, run, body) }
            }
        }
        body.finish(values, run, self)
        jit.advance(src, by: run.extent * columns.stride * jit.vectorByteCount)
        jit.advance(dst, by: run.extent * jit.vectorByteCount)
    }

    /// All src vectors of one row under the tile, for the dst rows and tap rows `rowUses`.
    private func combine(
        _ rowUses: [(window: Int, tap: Int)],
        _ row: IntegerVariable,
        _ byteOffset: Int,
        _ values: [[FloatVector]],
        _ run: WindowTiles.Run,
        _ body: some WindowBody
    ) {
        body.beginSrcRow(tapRows: rowUses.map(\.tap), self)
        for column in 0..<((run.extent - 1) * columns.stride + columns.reach) {
            let columnUses = Self.uses(of: column, columns, run)
            guard !columnUses.isEmpty else { continue }
            let memory = row[byteOffset + column * jit.vectorByteCount]
            let src: any FloatSource
            if rowUses.count * columnUses.count > 1 || body.needsSrcInRegister {
                let vector = jit.floats("src")
                jit.load(vector, from: memory)
                src = vector
            } else {
                src = memory
            }
            for rowUse in rowUses {
                for use in columnUses {
                    body.combine(values[rowUse.window][use.window], src, tapRow: rowUse.tap, tapColumn: use.tap, self)
                }
            }
        }
    }

    /// The windows of a tile, with their taps, that element `src` lies under; it counts from tap 0 of window 0.
    static func uses(of src: Int, _ axis: WindowAxis, _ run: WindowTiles.Run) -> [(window: Int, tap: Int)] {
        (0..<run.extent).compactMap { window in
            let distance = src - window * axis.stride
            let tap = distance / axis.dilation
            guard distance >= 0, distance % axis.dilation == 0, tap < axis.kernelExtent,
                run.inside[tap].contains(window)
            else { return nil }
            return (window, tap)
        }
    }

    // MARK: Arguments

    /// A field, loaded where it is used.
    func argument(_ role: String, _ path: PartialKeyPath<WindowArguments>) -> IntegerVariable {
        jit.argument(role, at: MemoryLayout<WindowArguments>.offset(of: path))
    }
}

/// What a window does with the src vectors under it.
protocol WindowBody {
    /// Whether ``combine(_:_:tapRow:tapColumn:_:)`` cannot read src from memory.
    var needsSrcInRegister: Bool { get }
    /// Before the first tile of a block.
    func beginBlock(_ sweep: WindowSweep)
    /// Gives a value its start.
    func start(_ value: FloatVector, _ sweep: WindowSweep)
    /// Before a loop over tap rows.
    func beginTapRowLoop(_ sweep: WindowSweep)
    /// At the end of every round of that loop.
    func advanceTapRow(_ sweep: WindowSweep)
    /// Before the src vectors of one row, which lies under these tap rows; tap row 0 in a loop.
    func beginSrcRow(tapRows: [Int], _ sweep: WindowSweep)
    /// Adds one src vector to a value.
    func combine(_ value: FloatVector, _ src: any FloatSource, tapRow: Int, tapColumn: Int, _ sweep: WindowSweep)
    /// Stores the values of a tile: `[row][column]`.
    func finish(_ values: [[FloatVector]], _ columns: WindowTiles.Run, _ sweep: WindowSweep)
}

extension WindowSweep {
    /// Takes the values of a tile through `epilogue` and stores them.
    func store(_ values: [[FloatVector]], through epilogue: Epilogue) {
        let emitter = BlockedEpilogue(
            epilogue,
            jit,
            argumentsByteOffset: MemoryLayout<WindowArguments>.offset(of: \.epilogue),
            dst: dst,
            channelByteOffset: channelByteOffset
        )
        for (row, rowValues) in values.enumerated() {
            for (column, value) in rowValues.enumerated() {
                let place = row * dstRowByteCount + column * jit.vectorByteCount
                emitter.emit(value, dstByteOffset: place)
                jit.store(value, to: dst[place])
            }
        }
    }
}
