// SPDX-License-Identifier: Apache-2.0

extension KernelBuilder {
    /// `dst` = the elements `op` picks from every quarter of `a` and `b`.
    package func unpack(_ op: UnpackOperator, _ dst: FloatVector, _ a: FloatVector, _ b: FloatVector) {
        append(.unpack(op, dst.variable, a.variable, b.variable))
    }

    /// Quarters (four elements each) 0, 2, … of `a` and `b`, one behind the other; 1, 3, … if `odd`.
    package func quarters(_ dst: FloatVector, _ a: FloatVector, _ b: FloatVector, odd: Bool) {
        append(.quarters(odd: odd, dst.variable, a.variable, b.variable))
    }

    /// The columns of a square of as many vectors as there are lanes: `result[i][j] = rows[j][i]`.
    ///
    /// Every shuffle is one instruction, and one vector more than the square is alive at a time.
    package func transposed(_ rows: [FloatVector]) -> [FloatVector] {
        precondition(rows.count == lanes, "\(rows.count) vectors of \(lanes) lanes are no square")
        // In every quarter, the columns of four neighbouring rows: [column within its quarter][group of rows].
        let groups = stride(from: 0, to: lanes, by: 4).map { transposedQuarters(Array(rows[$0..<($0 + 4)])) }
        let columns = (0..<4).map { column in gathered(groups.map { $0[column] }) }
        return (0..<lanes).map { columns[$0 % 4][$0 / 4] }
    }

    /// Four rows, each quarter of them transposed by itself.
    private func transposedQuarters(_ rows: [FloatVector]) -> [FloatVector] {
        let first = [unpacked(.lowElements, rows[0], rows[1]), unpacked(.highElements, rows[0], rows[1])]
        let second = [unpacked(.lowElements, rows[2], rows[3]), unpacked(.highElements, rows[2], rows[3])]
        return zip(first, second).flatMap { [unpacked(.lowPairs, $0, $1), unpacked(.highPairs, $0, $1)] }
    }

    /// By quarter: that quarter of every vector, one behind the other.
    private func gathered(_ vectors: [FloatVector]) -> [FloatVector] {
        guard vectors.count > 1 else { return vectors }
        let pairs = stride(from: 0, to: vectors.count, by: 2)
        let even = gathered(pairs.map { joinedQuarters(vectors[$0], vectors[$0 + 1], odd: false) })
        let odd = gathered(pairs.map { joinedQuarters(vectors[$0], vectors[$0 + 1], odd: true) })
        return zip(even, odd).flatMap { [$0, $1] }
    }

    private func unpacked(_ op: UnpackOperator, _ a: FloatVector, _ b: FloatVector) -> FloatVector {
        let result = floats("\(op.rawValue)")
        unpack(op, result, a, b)
        return result
    }

    private func joinedQuarters(_ a: FloatVector, _ b: FloatVector, odd: Bool) -> FloatVector {
        let result = floats(odd ? "odd quarters" : "even quarters")
        quarters(result, a, b, odd: odd)
        return result
    }
}
