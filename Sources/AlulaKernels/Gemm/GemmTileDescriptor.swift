// SPDX-License-Identifier: Apache-2.0

/// What the code of a matrix product's inner loops depends on: the register tile, distances in bytes, the epilogue.
package struct GemmTileDescriptor: Hashable, Sendable {
    package var tile: GemmTile
    /// Columns of the last vector that exist; nil when all do.
    package var lastLanes: Int?
    /// From a src element to that of the next row, and of the next term.
    package var srcRowByteCount: Int
    package var srcTermByteCount: Int
    /// From a row of weights to that of the next term.
    package var weightsTermByteCount: Int
    /// Whether the last vector of weights may be read as a whole although ``lastLanes`` says that less of it exists.
    package var areWeightsPadded: Bool
    /// From a dst element to that of the next row, and from one of an operand of the epilogue that is as large as dst.
    package var dstRowByteCount: Int
    package var operandRowByteCount: Int
    /// Cache lines of the next weights to ask for in a round of ``termUnroll`` terms.
    package var prefetchLineCount = 0
    /// Whether sums are long enough to fetch dst, from far away, in the meantime.
    package var prefetchesDst = false
    /// What is done to finished sums; at most ``GemmArguments/operandLimit`` operands in memory.
    package var epilogue = Epilogue()

    /// Terms in one round of the innermost loop.
    package static let termUnroll = 4  // the loop's own cost below 2 % of the smallest tile that is worth it

    package init(
        tile: GemmTile,
        lastLanes: Int? = nil,
        srcRowByteCount: Int,
        srcTermByteCount: Int = 4,
        weightsTermByteCount: Int,
        areWeightsPadded: Bool = true,
        dstRowByteCount: Int
    ) {
        self.tile = tile
        self.lastLanes = lastLanes
        self.srcRowByteCount = srcRowByteCount
        self.srcTermByteCount = srcTermByteCount
        self.weightsTermByteCount = weightsTermByteCount
        self.areWeightsPadded = areWeightsPadded
        self.dstRowByteCount = dstRowByteCount
        operandRowByteCount = dstRowByteCount
    }
}

/// The fields generated code reads; one call computes some tiles of rows of one panel of columns. Addresses and counts.
package struct GemmArguments: BitwiseCopyable, Sendable {
    /// The first row's first term.
    package var src = 0
    /// The panel at the first term.
    package var weights = 0
    /// The first row at the panel's first column.
    package var dst = 0
    /// Weights that will be used next.
    package var nextWeights = 0
    /// Tiles of rows.
    package var tileCount = 0
    /// Terms: whole rounds of ``GemmTileDescriptor/termUnroll``, and those left over.
    package var roundCount = 0
    package var leftTermCount = 0
    /// Not 0 where dst holds the sum of earlier terms.
    package var continuesSum = 0
    /// Not 0 where terms follow in a later call.
    package var leavesSum = 0
    /// Operands of the epilogue, in the order of ``Epilogue/memoryOperands``: the address of the element for the first row
    /// and column of the call.
    package var operands = SIMD4<Int>()

    /// How many operands there is room for.
    package static let operandLimit = 4

    package init() {}
}
