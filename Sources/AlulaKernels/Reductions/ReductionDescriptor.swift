// SPDX-License-Identifier: Apache-2.0

/// What code of a reduction is generated for: which function, and how the reduced elements lie.
struct ReductionDescriptor: Hashable, Sendable {
    /// What elements become. Sums round once a step.
    enum Function: String, Hashable, Sendable {
        case sum, mean, sumOfMagnitudes, sumOfSquares, length
        /// NaN wins over every number.
        case maximum, minimum
        case logarithmOfSum

        var isExtreme: Bool { self == .maximum || self == .minimum }
    }

    /// How the innermost elements lie.
    enum Form: Hashable, Sendable {
        /// Runs of `count` neighbours are reduced, a row each.
        case rows(count: Int)
        /// As many rows as there are lanes at once, each of `count` neighbours: rows too short for vectors.
        case shortRows(count: Int)
        /// Neighbours are kept: every lane reduces by itself.
        case columns
    }

    /// A loop over reduced elements.
    struct Loop: Hashable, Sendable {
        var count: Int
        var stepByteCount: Int
    }

    var function: Function
    var form: Form
    /// Loops over reduced elements around the form, outermost first.
    var loops: [Loop]

    /// How many loops are generated at most; more would run out of registers for their counters.
    static let loopLimit = 3

    /// Elements that become one.
    var reducedCount: Int {
        let inner =
            switch form {
            case .rows(let count), .shortRows(let count): count
            case .columns: 1
            }
        return loops.reduce(inner) { $0 * $1.count }
    }
}

/// The fields generated code reads; one call makes neighbouring elements of dst. Addresses, counts and bytes.
struct ReductionArguments: BitwiseCopyable, Sendable {
    var src = 0
    var dst = 0
    /// Rows, or rows of columns.
    var rowCount = 0
    /// From one row to the next; unused for short rows, which follow each other.
    var srcRowByteCount = 0
    var dstRowByteCount = 0
    /// Elements of a row of columns.
    var columnCount = 0
}
