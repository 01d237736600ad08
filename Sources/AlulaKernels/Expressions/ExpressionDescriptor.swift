// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// What the code of an expression depends on: its stages and how operands advance along a row, but no extents.
struct ExpressionDescriptor: Hashable, Sendable {
    /// How an operand is read.
    struct Access: Hashable, Sendable {
        var element: ElementType
        /// Whether neighbouring elements of a row have neighbouring elements of the operand; else they share one.
        var isRow: Bool
        /// Whether neighbouring rows differ; ``Form/rows`` takes the distance from the arguments instead.
        var advances = true
    }

    /// How rows are walked.
    enum Form: Hashable, Sendable {
        /// One after the other, of any length.
        case rows
        /// Rows of so many whole vectors, without gaps: operands that do not advance stay in registers.
        case blocks(vectors: Int)
    }

    var epilogue: Epilogue
    /// The first is what the value starts as.
    var operands: [Access]
    var dstElement: ElementType
    var form: Form
}

/// The fields generated code reads; one call computes some rows. Addresses, counts, and distances in bytes.
struct ExpressionArguments: BitwiseCopyable, Sendable {
    /// Operands in memory an expression may have: as many as leave registers for the loops.
    static let operandLimit = 8

    var rowCount = 0
    /// Elements in a row.
    var rowLength = 0
    var dst = 0
    var dstRowByteCount = 0
    var src = InlineArray<8, Int>(repeating: 0)
    var srcRowByteCount = InlineArray<8, Int>(repeating: 0)

    init() {}
}
