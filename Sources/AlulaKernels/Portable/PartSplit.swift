// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Splits a count of equal items into parts of nearly equal size.
struct PartSplit: Sendable {
    /// Items in total.
    let count: Int
    /// Parts; at least one.
    let partCount: Int

    /// Splits `count` items, each `cost` elements of work, into at most `limit` parts that are worth waking a thread for.
    init(count: Int, cost: Int, limit: Int = 32) {
        self.count = count
        let minimumElements = 8192  // About 2 µs of memory traffic, the price of a barrier.
        let (work, isOverflowing) = count.multipliedReportingOverflow(by: max(cost, 1))
        partCount = max(1, min(limit, count, isOverflowing ? limit : work / minimumElements))
    }

    /// Splits `count` items into `partCount` parts; some may be empty.
    init(count: Int, partCount: Int) {
        self.count = count
        self.partCount = partCount
    }

    /// The items of part `part`.
    func range(_ part: Int) -> Range<Int> { (part * count / partCount)..<((part + 1) * count / partCount) }
}

extension Tensor {
    /// Calls `body` with pieces of this float32 tensor that cover the elements `range` in row-major order: each lies
    /// within one index of the outermost axis, whose stride may be wider than the elements, and has at most `limit`
    /// elements.
    func forEachPiece(
        of range: Range<Int>,
        limit: Int,
        _ body: (_ piece: inout MutableSpan<Float>, _ start: Int) -> Void
    ) {
        let rowLength = isContiguous ? elementCount : shape.elementCount(in: 1..<shape.rank)
        var position = range.lowerBound
        while position < range.upperBound {
            let (row, column) = position.quotientAndRemainder(dividingBy: rowLength)
            let rowEnd = min(range.upperBound, (row + 1) * rowLength)
            let target = isContiguous ? self : outerRow(row)
            var elements = target.mutableSpan(of: Float.self)
            var first = column
            while position < rowEnd {
                let count = min(limit, rowEnd - position)
                var piece = elements._mutatingExtracting(first..<(first + count))
                body(&piece, position)
                first += count
                position += count
            }
        }
    }
}

extension Operator {
    /// The scalar definition for a kernel that cannot do a case after all; the first output may be strided.
    ///
    /// Inputs have passed the shape rule, so that the definition does not throw.
    func evaluateIntoStrided(_ inputs: [Tensor?], _ outputs: [Tensor?]) {
        guard let dst = outputs.first ?? nil, !dst.isContiguous else {
            try? evaluate(inputs, into: outputs)
            return
        }
        let values = Tensor(uninitialized: dst.dataType, shape: dst.shape)
        try? evaluate(inputs, into: [values] + outputs.dropFirst())
        dst.copyElements(from: values)
    }
}
