// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// Operators whose output size or content follows from values.
@Suite("selection operators find what their definition names")
struct SelectionTests {
    private static let problems: ClosedRange<UInt64> = 1...12

    @Test("NonZero lists the indices of all elements but zeros, in order", arguments: DataType.allCases)
    func nonZero(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = Grid(random.extents(rank: 0...4)) { _ in random.integer(in: 0...1) }
            let found = indices(src.extents).filter { src[$0] != 0 }
            let expected = Grid([src.extents.count, found.count]) { found[$0[1]][$0[0]] }
            try expect(NonZero(), [src.tensor(type)], gives: [expected], .int64, seed: seed)
        }
    }

    @Test("NonZero counts NaN, and not negative zero")
    func nonZeroOfSpecialValues() throws {
        let src = Tensor([Float.nan, -0.0, 0.0, -1.0], shape: [4])
        #expect(try evaluateFirst(NonZero(), src).elements(as: Int64.self) == [0, 3])
    }

    @Test("TopK orders every lane, ties by index", arguments: DataType.allCases.filter { $0 != .bool })
    func topK(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let extents = (0..<random.integer(in: 1...3)).map { _ in random.integer(in: 1...6) }
            let src = Grid(extents) { _ in random.integer(in: 0...5) }
            let (spelled, axis) = random.axis(of: extents.count)
            let count = random.integer(in: 0...extents[axis])
            let largest = seed % 2 == 0
            var shape = extents
            shape[axis] = count
            func place(_ index: [Int]) -> Int {
                let lane = (0..<extents[axis]).map { position in
                    var index = index
                    index[axis] = position
                    return (src[index], position)
                }
                let sorted = lane.sorted { $0.0 == $1.0 ? $0.1 < $1.1 : largest ? $0.0 > $1.0 : $0.0 < $1.0 }
                return sorted[index[axis]].1
            }
            let positions = Grid(shape, place)
            let values = Grid(shape) { index in
                var source = index
                source[axis] = positions[index]
                return src[source]
            }
            let operation = TopK(axis: spelled, largest: largest)
            try expect(operation, [src.tensor(type), list([count])], gives: [values, positions], type, seed: seed)
        }
    }

    @Test("TopK counts NaN as largest")
    func topKOfNaN() throws {
        let src = Tensor([1, Float.nan, 3], shape: [3])
        #expect(try evaluateAll(TopK(), [src, list([2])])[1].elements(as: Int64.self) == [1, 2])
        #expect(try evaluateAll(TopK(largest: false), [src, list([2])])[1].elements(as: Int64.self) == [0, 2])
    }

    @Test("OneHot switches on the index, counted from the back if negative", arguments: DataType.allCases)
    func oneHot(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let picks = Grid(random.extents(rank: 0...3)) { _ in random.integer(in: -5...5) }
            let (spelled, axis) = random.axis(of: picks.extents.count + 1)
            let depth = random.integer(in: 0...4)
            var shape = picks.extents
            shape.insert(depth, at: axis)
            let expected = Grid(shape) { index in
                var source = index
                let position = source.remove(at: axis)
                return wrapped(picks[source], depth) == position ? 1 : 0
            }
            let values = Grid([2]) { $0[0] }.tensor(type)
            let inputs = [picks.tensor(seed % 2 == 0 ? .float32 : .int64), list([depth]), values]
            try expect(OneHot(axis: spelled), inputs, gives: [expected], type, seed: seed)
        }
    }

    @Test("Unique names distinct slices, first occurrences, positions and counts", arguments: DataType.allCases)
    func unique(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let extents = (0..<random.integer(in: 1...3)).map { _ in random.integer(in: 1...4) }
            let src = Grid(extents) { _ in random.integer(in: 0...1) }
            let axis = random.integer(in: 0...(extents.count - 1))
            let lanes = (0..<extents[axis]).map { lane in indices(extents).filter { $0[axis] == lane }.map { src[$0] } }
            var distinct: [[Int]] = []
            for lane in lanes where !distinct.contains(lane) { distinct.append(lane) }
            if seed % 2 == 0 { distinct.sort { $0.lexicographicallyPrecedes($1) } }
            let firsts = distinct.compactMap { lanes.firstIndex(of: $0) }
            var shape = extents
            shape[axis] = distinct.count
            let values = Grid(shape) { index in
                var source = index
                source[axis] = firsts[index[axis]]
                return src[source]
            }
            let expected = [
                values,
                Grid([firsts.count]) { firsts[$0[0]] },
                Grid([lanes.count]) { distinct.firstIndex(of: lanes[$0[0]]) ?? -1 },
                Grid([firsts.count]) { index in lanes.count { $0 == distinct[index[0]] } },
            ]
            let operation = Unique(axis: axis, sorted: seed % 2 == 0)
            try expect(operation, [src.tensor(type)], gives: expected, type, seed: seed)
        }
    }

    @Test("Compress keeps the slices whose condition is true", arguments: DataType.allCases)
    func compress(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid((0..<random.integer(in: 1...3)).map { _ in random.integer(in: 1...4) }, type)
            let axis = random.integer(in: 0...(src.extents.count - 1))
            let condition = Grid([random.integer(in: 0...src.extents[axis])]) { _ in random.integer(in: 0...1) }
            let kept = condition.values.indices.filter { condition.values[$0] == 1 }
            var shape = src.extents
            shape[axis] = kept.count
            let expected = Grid(shape) { index in
                var source = index
                source[axis] = kept[index[axis]]
                return src[source]
            }
            let inputs = [src.tensor(type), condition.tensor(.bool)]
            try expect(Compress(axis: axis), inputs, gives: [expected], type, seed: seed)
            let flat = Grid([kept.count]) { src.values[kept[$0[0]]] }
            try expect(Compress(), inputs, gives: [flat], type, seed: seed)
        }
    }

    @Test("Trilu and EyeLike follow the diagonal", arguments: DataType.allCases)
    func diagonals(_ type: DataType) throws {
        for diagonal in [-9, -2, -1, 0, 1, 3, 9, Int.min, Int.max] {
            var random = ProblemGenerator(seed: 3)
            let src = random.grid([2, 3, 4], type)
            for upper in [true, false] {
                let expected = Grid(src.extents) { index in
                    let edge = Double(index[1]) + Double(diagonal)
                    return (upper ? Double(index[2]) >= edge : Double(index[2]) <= edge) ? src[index] : 0
                }
                let inputs = [src.tensor(type), list([diagonal])]
                try expect(Trilu(upper: upper), inputs, gives: [expected], type, seed: 3)
            }
            let eye = Grid([3, 4]) { Double($0[1]) == Double($0[0]) + Double(diagonal) ? 1 : 0 }
            let operation = EyeLike(dataType: type, diagonal: diagonal)
            try expect(operation, [Tensor(zeros: .float32, shape: [3, 4])], gives: [eye], type, seed: 3)
        }
    }

    @Test("ReverseSequence turns the first elements of each sequence around", arguments: DataType.allCases)
    func reverseSequence(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid([random.integer(in: 1...4), random.integer(in: 1...4), 2], type)
            let time = Int(seed % 2)
            let lengths = (0..<src.extents[1 - time]).map { _ in random.integer(in: 0...src.extents[time]) }
            let expected = Grid(src.extents) { index in
                var source = index
                let length = lengths[index[1 - time]]
                if index[time] < length { source[time] = length - 1 - index[time] }
                return src[source]
            }
            let operation = ReverseSequence(batchAxis: 1 - time, timeAxis: time)
            try expect(operation, [src.tensor(type), list(lengths)], gives: [expected], type, seed: seed)
        }
    }
}
