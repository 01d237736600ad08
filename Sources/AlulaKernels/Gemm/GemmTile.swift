// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// The register tile of a matrix product: `rows` rows of dst by `vectors` vectors of columns, all accumulators.
package struct GemmTile: Hashable, Sendable {
    /// Rows of dst computed together; each vector of weights read is used this often.
    package var rows: Int
    /// Vectors of columns computed together; each src element read is used this often.
    package var vectors: Int

    package init(rows: Int, vectors: Int) {
        self.rows = rows
        self.vectors = vectors
    }

    /// Every tile whose accumulators leave a quarter of the registers to others, and what `epilogue` needs: beside its
    /// temporaries an operand and, where masks are vectors, the mask of the last columns.
    package static func candidates(_ target: VectorTarget, epilogue: Epilogue = Epilogue()) -> [Self] {
        let reserved =
            epilogue.isEmpty ? 0 : EpilogueEmitter.temporaryVectorCount(epilogue, target: target) + 2
        // Where instructions cannot repeat an element themselves, the emitter keeps a register to do so.
        let repeats = epilogue.operands.contains { operand in
            switch operand.extent {
            case .row, .scalar, .number: true
            default: false
            }
        }
        let registerCount = target.vectorRegisterCount - (repeats && target.masksAreVectors ? 1 : 0)
        let accumulatorCount = min(target.vectorRegisterCount * 3 / 4, registerCount - reserved)
        return (1...8).flatMap { vectors in
            (1...14).compactMap { rows in
                let isSmall = rows * vectors <= accumulatorCount
                return isSmall && rows * vectors + vectors < registerCount
                    ? Self(rows: rows, vectors: vectors) : nil
            }
        }
    }

    /// The tile of `rows` rows with the lowest estimated cost, for products whose rows are cut by others.
    package static func best(
        _ descriptor: GemmDescriptor,
        rows: Int,
        _ target: VectorTarget,
        epilogue: Epilogue
    ) -> Self {
        let tiles = candidates(target, epilogue: epilogue).filter { $0.rows == rows }
        return tiles.min { descriptor.cycles($0, target.lanes) < descriptor.cycles($1, target.lanes) }
            ?? Self(rows: rows, vectors: 1)
    }

    /// Estimated cycles of one term: two multiply-adds and two loads a cycle, a multiply-add chain of four cycles, weights
    /// from the second-level cache at 24 bytes a cycle. What comes on top, for the loop and for every load, is fitted to
    /// measurements: 6×4 and 8×3 reached 97 % of the peak where 4×6 reached 92 %.
    func termCycles(lanes: Int) -> Double {
        let loads = Double(vectors + rows)
        let weights = Double(vectors * lanes * 4) / 24
        return max(Double(rows * vectors) / 2, loads / 2, 4, weights) + 0.3 + 0.05 * loads
    }
}

/// `count` items shared out over as few groups of at most `limit` as there can be, the groups of nearly equal size: first
/// the larger ones, then those with one item less.
package struct EvenSplit: Hashable, Sendable {
    /// Items of a larger group.
    package let largerSize: Int
    /// How many groups are larger; all, when they are equal.
    package let largerCount: Int
    /// How many groups there are.
    package let count: Int

    package init(_ items: Int, limit: Int) { self.init(items, count: (items + limit - 1) / limit) }

    /// Shares out `items` over `count` groups.
    package init(_ items: Int, count: Int) {
        self.count = max(1, count)
        let extra = items % self.count
        largerSize = items / self.count + (extra == 0 ? 0 : 1)
        largerCount = extra == 0 ? self.count : extra
    }

    /// The items of group `index`.
    package subscript(index: Int) -> Range<Int> {
        let start = index * largerSize - max(0, index - largerCount)
        return start..<(start + largerSize - (index < largerCount ? 0 : 1))
    }

    /// The items of the groups `range`.
    package subscript(range: Range<Int>) -> Range<Int> {
        range.isEmpty ? 0..<0 : self[range.lowerBound].lowerBound..<self[range.upperBound - 1].upperBound
    }
}
