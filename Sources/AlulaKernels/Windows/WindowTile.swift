// SPDX-License-Identifier: Apache-2.0

/// How a window is moved over a blocked plane: the values computed together, one register each, and how far that is
/// written out.
package struct WindowTile: Hashable, Sendable {
    /// Rows of dst computed together; each src row read is used by all whose window covers it.
    package var rows: Int
    /// Columns of dst computed together.
    package var columns: Int
    /// Whether tap rows are a loop instead of straight code; such tiles have one row.
    package var loopsOverTapRows: Bool

    package init(rows: Int, columns: Int, loopsOverTapRows: Bool = false) {
        self.rows = rows
        self.columns = columns
        self.loopsOverTapRows = loopsOverTapRows
    }
}

/// The fields generated code reads; one call computes tiles of rows that see the same padding, in some neighbouring
/// blocks. Addresses and counts.
package struct WindowArguments: BitwiseCopyable, Sendable {
    /// Column 0 of the src row under tap row 0 of the first tile, in the first block; under the first tap row inside src
    /// where tap rows are a loop. Rows above src are never read.
    package var src = 0
    /// Column 0 of the first tile's first row in the first block.
    package var dst = 0
    /// The first block's weights, at the tap row ``src`` lies under.
    package var weights = 0
    /// The first block's bias.
    package var bias = 0
    package var blockCount = 0
    /// Tiles of rows in each block.
    package var tileCount = 0
    /// Tap rows inside src, where they are a loop.
    package var tapRowCount = 0
    /// What a mean over the tap rows is multiplied by, as the bits of a float, where tap rows are a loop.
    package var rowFactorBits = 0
    package var epilogue = EpilogueArguments()
}

extension WindowTile: CustomStringConvertible {
    /// For example `2x8`, or `1x8 looped`.
    package var description: String { "\(rows)x\(columns)\(loopsOverTapRows ? " looped" : "")" }
}
