// SPDX-License-Identifier: Apache-2.0

/// Rows of columns shared out over threads; where rows are few, each is cut into pieces of whole cache lines.
struct ColumnPieces: Sendable {
    let columnCount: Int
    /// Pieces of every row.
    let countPerRow: Int
    /// The pieces of all rows, row by row, in parts.
    let split: PartSplit
    /// Columns of a piece but the last.
    private let length: Int

    /// - Parameters:
    ///   - leastLength: columns, of 4 bytes, that a piece has at least; a multiple of 64.
    ///   - columnCost: elements of work of a column.
    init(rowCount: Int, columnCount: Int, leastLength: Int = 64, columnCost: Int) {
        self.columnCount = columnCount
        let wantedParts = 32
        let unit = 64  // neighbouring pieces share no cache line
        let wanted = max(1, wantedParts / max(1, rowCount))
        length = max(leastLength, (columnCount / wanted + unit - 1) / unit * unit)
        countPerRow = (columnCount + length - 1) / length
        split = PartSplit(count: rowCount * countPerRow, cost: columnCost * min(length, columnCount))
    }

    /// The row of a piece, and its columns.
    func place(_ piece: Int) -> (row: Int, columns: Range<Int>) {
        let (row, number) = piece.quotientAndRemainder(dividingBy: countPerRow)
        return (row, (number * length)..<min((number + 1) * length, columnCount))
    }
}
