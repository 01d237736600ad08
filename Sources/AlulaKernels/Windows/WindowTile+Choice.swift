// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

extension WindowTile {
    /// What a kernel over windows needs besides its values, to choose tiles by.
    struct Demand {
        var rows: WindowAxis
        var columns: WindowAxis
        /// Vector registers besides the values: src, weights.
        var besides: (WindowTile) -> Int
        /// Vector registers besides the values while they are finished.
        var finishing: Int
        /// Loads of weights for a tile of `tapRowCount` rows of taps and `combinationCount` combinations in all.
        var weightLoads: (_ tile: WindowTile, _ tapRowCount: Int, _ combinationCount: Int) -> Int
    }

    /// Instructions a kernel may have: about 24 KiB of code.
    private static let instructionLimit = 3000
    /// Registers kept free for masks and for sequences of several instructions.
    private static let spareVectorCount = 1

    /// Why no tile covers the window for vectors of `lanes`; nil if one does.
    static func rejection(rows: WindowAxis, columns: WindowAxis, lanes: Int) -> String? {
        let limit = Int(Int32.max)
        if rows.srcExtent * columns.srcExtent * lanes * 4 > limit
            || rows.dstExtent * columns.dstExtent * lanes * 4 > limit
        {
            return "a block of \(lanes) channels is larger than 2 GiB"
        }
        let narrow = WindowTile(rows: 1, columns: 1, loopsOverTapRows: true)
        if narrow.instructionCount(rows, columns) > instructionLimit { return "a row of \(columns.kernelExtent) taps" }
        return nil
    }

    /// The tiles that fit, those with the lowest estimated cycles for a block first.
    static func ranked(_ demand: Demand, _ target: VectorTarget) -> [(tile: WindowTile, cycles: Double)] {
        let available = target.vectorRegisterCount - spareVectorCount
        var tiles: [WindowTile] = []
        for rows in 1...min(4, demand.rows.dstExtent) {
            for columns in 1...min(16, demand.columns.dstExtent) {
                tiles.append(WindowTile(rows: rows, columns: columns))
                if rows == 1 { tiles.append(WindowTile(rows: 1, columns: columns, loopsOverTapRows: true)) }
            }
        }
        return tiles.filter { tile in
            let values = tile.rows * tile.columns
            return values + max(demand.besides(tile), demand.finishing) <= available
                && tile.instructionCount(demand.rows, demand.columns) <= instructionLimit
        }.map { ($0, $0.cycles(demand)) }.sorted { $0.cycles < $1.cycles }
    }

    /// Instructions of all kernels of the tile, roughly.
    private func instructionCount(_ rowAxis: WindowAxis, _ columnAxis: WindowAxis) -> Int {
        let columnRuns = WindowTiles(columnAxis, tileExtent: columns).runs
        let columnCombinations = columnRuns.reduce(0) { $0 + $1.inside.reduce(0) { $0 + $1.count } }
        let columnLoads = columnRuns.reduce(0) { $0 + ($1.extent - 1) * columnAxis.stride + columnAxis.reach }
        if loopsOverTapRows { return columnCombinations + columnLoads + columnRuns.count * columns * 2 }
        let rowRuns = Set(WindowTiles(rowAxis, tileExtent: rows).runs.map(\.pattern))
        return rowRuns.reduce(0) { sum, run in
            let combinations = run.inside.reduce(0) { $0 + $1.count }
            let srcRows = (run.extent - 1) * rowAxis.stride + rowAxis.reach
            return sum + combinations * columnCombinations + srcRows * columnLoads
                + run.extent * columnRuns.count * columns * 2
        }
    }

    /// Estimated cycles for one block: two combinations and two loads a cycle, and what a tile costs by itself.
    private func cycles(_ demand: Demand) -> Double {
        let rowRuns = WindowTiles(demand.rows, tileExtent: rows).runs
        let columnRuns = WindowTiles(demand.columns, tileExtent: columns).runs
        var cycles = 0.0
        for rowRun in rowRuns {
            let rowCombinations = rowRun.inside.reduce(0) { $0 + $1.count }
            let srcRows =
                loopsOverTapRows ? rowCombinations : (rowRun.extent - 1) * demand.rows.stride + demand.rows.reach
            for run in columnRuns {
                let combinations = rowCombinations * run.inside.reduce(0) { $0 + $1.count }
                let srcColumns = (run.extent - 1) * demand.columns.stride + demand.columns.reach
                let values = rowRun.extent * run.extent
                let loads = srcRows * srcColumns + demand.weightLoads(self, rowCombinations, combinations) + values
                let overhead = 4.0 + (loopsOverTapRows ? 3.0 * Double(rowCombinations) : 0)
                let tile = max(Double(combinations), Double(loads)) / 2 + Double(values) / 2 + overhead
                cycles += tile * Double(rowRun.tileCount * run.tileCount)
            }
        }
        return cycles
    }
}
