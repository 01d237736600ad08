// SPDX-License-Identifier: Apache-2.0

/// How a move is cut into calls of generated code, and calls into parts for threads.
///
/// The innermost loops are code; loops further out are walked here. A part is some rounds of the outermost generated loop
/// or, where a round is large, a stretch of the squares of one plane.
package struct MoveSchedule: Sendable {
    /// What code is generated for.
    package let descriptor: MoveDescriptor
    private let move: BoxMove
    /// Loops around the generated ones, outermost first.
    private let walked: [BoxMove.Axis]
    private let lanes: Int
    private let roundsPerPart: Int
    private let stretchCount: Int

    /// About 10 µs of copying, some times the price of handing out a part.
    private static let partElementCount = 32 << 10

    /// A schedule for vectors of `lanes`; nil where no code is generated for `move`.
    package init?(_ move: BoxMove, lanes: Int) {
        guard var descriptor = MoveDescriptor(move, lanes: lanes) else { return nil }
        descriptor.cutRun(toAtMost: Self.partElementCount)
        let outer = descriptor.outer
        // As many loops become code as there are registers for, and as make a round no larger than a part.
        var generatedCount = min(outer.count, MoveDescriptor.outerLimit)
        func roundElementCount() -> Int {
            outer.suffix(max(0, generatedCount - 1)).reduce(descriptor.formElementCount) { $0 * $1.extent }
        }
        while generatedCount > 1, roundElementCount() > Self.partElementCount { generatedCount -= 1 }
        walked = outer.dropLast(generatedCount)
        roundCount = outer.suffix(generatedCount).first?.extent ?? 1
        roundsPerPart = max(1, Self.partElementCount / roundElementCount())
        stretchCount =
            if case .squares(let column, let row) = descriptor.form {
                max(
                    1,
                    min(
                        roundElementCount() / Self.partElementCount,
                        Self.squareCount(max(column.extent, row.extent), lanes)
                    )
                )
            } else { 1 }
        descriptor.outer = outer.suffix(generatedCount)
        // The count of the outermost loop is an argument: one piece of code serves every count.
        if !descriptor.outer.isEmpty { descriptor.outer[0].extent = 0 }
        self.descriptor = descriptor
        self.move = move
        self.lanes = lanes
    }

    /// Rounds of the outermost generated loop.
    private let roundCount: Int
    private var roundPartCount: Int { (roundCount + roundsPerPart - 1) / roundsPerPart }
    private var walkedCount: Int { walked.reduce(1) { $0 * $1.extent } }

    private static func squareCount(_ extent: Int, _ lanes: Int) -> Int { (extent + lanes - 1) / lanes }

    /// Independent parts.
    package var partCount: Int { walkedCount * roundPartCount * stretchCount }

    /// The calls of part `part`; `src` and `dst` are the addresses of the tensors.
    package func forEachCall(of part: Int, src: Int, dst: Int, _ body: (MoveArguments) -> Void) {
        let (slot, stretch) = part.quotientAndRemainder(dividingBy: stretchCount)
        let rounds: Int
        var rest: Int
        (rest, rounds) = slot.quotientAndRemainder(dividingBy: roundPartCount)
        var (srcElement, dstElement) = (move.srcStart, move.dstStart)
        for axis in walked.reversed() {
            let index: Int
            (rest, index) = rest.quotientAndRemainder(dividingBy: axis.extent)
            srcElement += index * axis.src
            dstElement += index * axis.dst
        }
        let first = rounds * roundsPerPart
        if let axis = descriptor.outer.first {
            srcElement += first * axis.src
            dstElement += first * axis.dst
        }
        var arguments = MoveArguments()
        arguments.outerCount = min(roundsPerPart, roundCount - first)
        if case .squares(let column, let row) = descriptor.form {
            setSquares(column, row, stretch, &arguments, &srcElement, &dstElement)
        }
        arguments.src = src + 4 * srcElement
        arguments.dst = dst + 4 * dstElement
        body(arguments)
    }

    /// Cuts the longer side of a plane into stretches.
    private func setSquares(
        _ column: BoxMove.Axis,
        _ row: BoxMove.Axis,
        _ stretch: Int,
        _ arguments: inout MoveArguments,
        _ srcElement: inout Int,
        _ dstElement: inout Int
    ) {
        let isColumnCut = column.extent >= row.extent
        let columns = squares(column.extent, isColumnCut ? stretch : nil)
        let rows = squares(row.extent, isColumnCut ? nil : stretch)
        (arguments.columnSquareCount, arguments.columnTailCount) = (columns.whole, columns.tail)
        (arguments.rowSquareCount, arguments.rowTailCount) = (rows.whole, rows.tail)
        srcElement += columns.first * column.src + rows.first * row.src
        dstElement += columns.first * column.dst + rows.first * row.dst
    }

    /// The squares of stretch `stretch` of a side, or of all of it: the first element, whole squares, and 1 if the rest at
    /// the end is among them.
    private func squares(_ extent: Int, _ stretch: Int?) -> (first: Int, whole: Int, tail: Int) {
        let count = Self.squareCount(extent, lanes)
        let range = stretch.map { $0 * count / stretchCount..<($0 + 1) * count / stretchCount } ?? 0..<count
        let hasTail = extent % lanes > 0 && range.upperBound == count && !range.isEmpty
        return (range.lowerBound * lanes, range.count - (hasTail ? 1 : 0), hasTail ? 1 : 0)
    }
}
