// SPDX-License-Identifier: Apache-2.0

/// What code that moves 32-bit elements is generated for: the innermost loops of a ``BoxMove``, with their form.
package struct MoveDescriptor: Hashable, Sendable {
    /// How the innermost elements travel.
    package enum Form: Hashable, Sendable {
        /// Runs of `count` neighbours on both sides.
        case runs(count: Int)
        /// Runs of one repeated element.
        case spreads(count: Int)
        /// Runs made of src elements `step` apart.
        case gathers(count: Int, step: Int)
        /// A plane whose rows are src's columns: `column` steps by one in dst, `row` by one in src. Moved in squares.
        case squares(column: BoxMove.Axis, row: BoxMove.Axis)
    }

    package var form: Form
    /// Loops around it, outermost first. The first one's count is an argument.
    package var outer: [BoxMove.Axis]

    /// How many loops around a form are generated; more would run out of registers for their counters.
    package static let outerLimit = 3

    /// The form of `move` for vectors of `lanes` and the loops around it, of which the last ``outerLimit`` become code.
    ///
    /// Nil where dst is not written in runs, or steps do not fit an instruction: such moves go element by element.
    package init?(_ move: BoxMove, lanes: Int) {
        guard let last = move.axes.last else {
            form = .runs(count: 1)
            outer = []
            return
        }
        guard last.dst == 1, move.axes.allSatisfy({ Self.fits($0, lanes: lanes) }) else { return nil }
        outer = Array(move.axes.dropLast())
        if last.src == 1 {
            form = .runs(count: last.extent)
        } else if let row = outer.firstIndex(where: { $0.src == 1 && $0.extent >= Self.leastSquareRows }) {
            form = .squares(column: last, row: outer.remove(at: row))
        } else if last.src == 0 {
            form = .spreads(count: last.extent)
        } else {
            form = .gathers(count: last.extent, step: last.src)
        }
    }

    /// Below as many neighbours in src, a square is mostly empty.
    private static let leastSquareRows = 4

    private static func fits(_ axis: BoxMove.Axis, lanes: Int) -> Bool {
        let limit = Int(Int32.max) / (8 * lanes)
        return abs(axis.src) <= limit && abs(axis.dst) <= limit && axis.extent <= limit
    }

    /// Makes a loop over runs of at most `limit` elements of a longer run, where it divides into such.
    package mutating func cutRun(toAtMost limit: Int) {
        guard case .runs(let count) = form, count > limit,
            let piece = (limit / 8...limit).last(where: { count % $0 == 0 })
        else { return }
        form = .runs(count: piece)
        outer.append(BoxMove.Axis(extent: count / piece, dst: piece, src: piece))
    }

    /// Elements of one round of the innermost form.
    package var formElementCount: Int {
        switch form {
        case .runs(let count), .spreads(let count), .gathers(let count, _): count
        case .squares(let column, let row): column.extent * row.extent
        }
    }
}

/// The fields generated code reads: addresses and counts.
package struct MoveArguments: BitwiseCopyable, Sendable {
    package var src = 0
    package var dst = 0
    /// Rounds of the outermost generated loop.
    package var outerCount = 1
    /// Whole squares along either axis of a plane, and whether (1 or 0) the rest at its end follows.
    package var columnSquareCount = 0
    package var columnTailCount = 0
    package var rowSquareCount = 0
    package var rowTailCount = 0
}
