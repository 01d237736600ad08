// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// Random problems against the operators' definitions, element by element, for every data type.
@Suite("movement operators place every element by their definition")
struct MovementTests {
    private static let problems: ClosedRange<UInt64> = 1...12

    @Test("Transpose", arguments: DataType.allCases)
    func transpose(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid(random.extents(rank: 0...5), type)
            let order = seed == 1 ? Array(src.extents.indices.reversed()) : src.extents.indices.shuffled(using: &random)
            let expected = Grid(order.map { src.extents[$0] }) { index in
                var source = index
                for (axis, from) in order.enumerated() { source[from] = index[axis] }
                return src[source]
            }
            let operation = Transpose(permutation: seed == 1 ? nil : order)
            try expect(operation, [src.tensor(type)], gives: [expected], type, seed: seed)
        }
    }

    @Test("Concat, then Split, gives the pieces back", arguments: DataType.allCases)
    func concatAndSplit(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let extents = random.extents(rank: 1...4)
            let (spelled, axis) = random.axis(of: extents.count)
            let pieces = (0..<random.integer(in: 1...4)).map { _ in
                var piece = extents
                piece[axis] = random.integer(in: 0...3)
                return random.grid(piece, type)
            }
            var joined = extents
            joined[axis] = pieces.map { $0.extents[axis] }.reduce(0, +)
            let whole = Grid(joined) { index in
                var index = index
                for piece in pieces {
                    if index[axis] < piece.extents[axis] { return piece[index] }
                    index[axis] -= piece.extents[axis]
                }
                return -1
            }
            let tensors = pieces.map { $0.tensor(type) }
            try expect(Concat(axis: spelled), tensors, gives: [whole], type, seed: seed)
            let lengths = list(pieces.map { $0.extents[axis] })
            let split = Split(axis: spelled, outputCount: pieces.count)
            try expect(split, [whole.tensor(type), lengths], gives: pieces, type, seed: seed)
        }
    }

    @Test("Slice", arguments: DataType.allCases)
    func slice(_ type: DataType) throws {
        for seed in Self.problems.lowerBound...40 {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid(random.extents(rank: 1...4, largest: 6), type)
            let axes = Array(src.extents.indices.shuffled(using: &random).prefix(random.integer(in: 1...4)))
            var (starts, ends, steps) = ([Int](), [Int](), [Int]())
            var picked = src.extents.map { Array(0..<$0) }
            for axis in axes {
                let extent = src.extents[axis]
                let (start, end) = (random.integer(in: -8...8), random.integer(in: -8...8))
                let step = [-3, -2, -1, 1, 2, 3][random.integer(in: 0...5)]
                (starts, ends, steps) = (starts + [start], ends + [end], steps + [step])
                // Python's definition: walk from the start and keep what lies before the end.
                let first = min(max(wrapped(start, extent), step > 0 ? 0 : -1), step > 0 ? extent : extent - 1)
                let last = min(max(wrapped(end, extent), step > 0 ? 0 : -1), extent)
                picked[axis] = Array(stride(from: first, to: last, by: step)).filter { (0..<extent).contains($0) }
            }
            // ONNX clamps a negative step's start to 0, where Python's walk would be empty.
            for (place, axis) in axes.enumerated() where steps[place] < 0 && src.extents[axis] > 0 {
                let extent = src.extents[axis]
                let first = min(max(wrapped(starts[place], extent), 0), extent - 1)
                let last = min(max(wrapped(ends[place], extent), -1), extent - 1)
                picked[axis] = Array(stride(from: first, to: last, by: steps[place]))
            }
            let expected = Grid(picked.map(\.count)) { index in
                src[index.enumerated().map { picked[$0.offset][$0.element] }]
            }
            let inputs = [src.tensor(type), list(starts), list(ends), list(axes), list(steps)]
            try expect(Slice(), inputs, gives: [expected], type, seed: seed)
        }
    }

    @Test("Gather", arguments: DataType.allCases)
    func gather(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            var extents = random.extents(rank: 1...4)
            let (spelled, axis) = random.axis(of: extents.count)
            extents[axis] = random.integer(in: 1...4)
            let src = random.grid(extents, type)
            let picks = random.indexGrid(random.extents(rank: 0...2), below: extents[axis])
            let shape = extents[..<axis] + picks.extents + extents[(axis + 1)...]
            let expected = Grid(Array(shape)) { index in
                let inner = axis + picks.extents.count
                let pick = wrapped(picks[Array(index[axis..<inner])], extents[axis])
                return src[Array(index[..<axis]) + [pick] + index[inner...]]
            }
            let inputs = [src.tensor(type), picks.tensor(seed % 2 == 0 ? .int32 : .int64)]
            try expect(Gather(axis: spelled), inputs, gives: [expected], type, seed: seed)
        }
    }

    @Test("GatherElements, and ScatterElements back", arguments: DataType.allCases)
    func gatherAndScatterElements(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            var extents = random.extents(rank: 1...4)
            let (spelled, axis) = random.axis(of: extents.count)
            extents[axis] = random.integer(in: 1...4)
            let src = random.grid(extents, type)
            var shape = extents.map { random.integer(in: 0...$0) }
            shape[axis] = random.integer(in: 0...6)
            let picks = random.indexGrid(shape, below: extents[axis])
            func source(_ index: [Int]) -> [Int] {
                var source = index
                source[axis] = wrapped(picks[index], extents[axis])
                return source
            }
            let gathered = Grid(shape) { src[source($0)] }
            let inputs = [src.tensor(type), picks.tensor(.int64)]
            try expect(GatherElements(axis: spelled), inputs, gives: [gathered], type, seed: seed)

            let updates = random.grid(shape, type)
            var cells: [[Int]: Int] = [:]
            for index in indices(shape) { cells[source(index)] = updates[index] }
            let scattered = Grid(extents) { cells[$0] ?? src[$0] }
            let operation = ScatterElements(axis: spelled)
            try expect(operation, inputs + [updates.tensor(type)], gives: [scattered], type, seed: seed)
        }
    }

    @Test("GatherND, and ScatterND back", arguments: DataType.allCases)
    func gatherAndScatterND(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let extents = (0..<random.integer(in: 1...4)).map { _ in random.integer(in: 1...4) }
            let batch = random.integer(in: 0...(extents.count - 1))
            let length = random.integer(in: 1...(extents.count - batch))
            let src = random.grid(extents, type)
            let outer = Array(extents.prefix(batch)) + random.extents(rank: 0...2)
            let tuples = Grid(outer + [length]) { index in
                let extent = extents[batch + (index.last ?? 0)]
                return random.integer(in: -extent...(extent - 1))
            }
            func source(_ index: [Int], batch: Int) -> [Int] {
                let tuple = (0..<length).map { wrapped(tuples[index + [$0]], extents[batch + $0]) }
                return index.prefix(batch) + tuple
            }
            let rest = Array(extents.dropFirst(batch + length))
            let gathered = Grid(outer + rest) { index in
                src[source(Array(index.prefix(outer.count)), batch: batch) + index.dropFirst(outer.count)]
            }
            let inputs = [src.tensor(type), tuples.tensor(.int64)]
            try expect(GatherND(batchDimensions: batch), inputs, gives: [gathered], type, seed: seed)
            guard batch == 0 else { continue }
            let updates = random.grid(outer + rest, type)
            var cells: [[Int]: Int] = [:]
            for index in indices(updates.extents) {
                let tuple = source(Array(index.prefix(outer.count)), batch: 0)
                cells[tuple + index.dropFirst(outer.count)] = updates[index]
            }
            let scattered = Grid(extents) { cells[$0] ?? src[$0] }
            try expect(ScatterND(), inputs + [updates.tensor(type)], gives: [scattered], type, seed: seed)
        }
    }

    @Test("Expand and Tile", arguments: DataType.allCases)
    func expandAndTile(_ type: DataType) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid(random.extents(rank: 0...4, largest: 3), type)
            let repeats = src.extents.map { _ in random.integer(in: 0...3) }
            let tiled = Grid(zip(src.extents, repeats).map { $0 * $1 }) { index in
                src[zip(index, src.extents).map { $0 % $1 }]
            }
            try expect(Tile(), [src.tensor(type), list(repeats)], gives: [tiled], type, seed: seed)

            let narrow = random.grid(src.extents.map { random.integer(in: 0...1) == 0 ? 1 : $0 }, type)
            let wanted = random.extents(rank: 0...2) + src.extents
            let shift = wanted.count - src.extents.count
            let expanded = Grid(wanted) { index in
                narrow[narrow.extents.indices.map { narrow.extents[$0] == 1 ? 0 : index[$0 + shift] }]
            }
            try expect(Expand(), [narrow.tensor(type), list(wanted)], gives: [expanded], type, seed: seed)
        }
    }

    @Test("Pad", arguments: DataType.allCases, Pad.Mode.allCases)
    func pad(_ type: DataType, _ mode: Pad.Mode) throws {
        for seed in Self.problems {
            var random = ProblemGenerator(seed: seed)
            let src = random.grid((0..<random.integer(in: 1...4)).map { _ in random.integer(in: 1...4) }, type)
            let axes = Array(src.extents.indices.shuffled(using: &random).prefix(random.integer(in: 1...4)))
            // Crops leave at least one element, whatever the other side does.
            let before = axes.map { random.integer(in: -((src.extents[$0] - 1) / 2)...5) }
            let after = axes.map { random.integer(in: -((src.extents[$0] - 1) / 2)...5) }
            /// Source index along each axis for every output index; nil is the constant.
            var maps = src.extents.map { (0..<$0).map { Optional($0) } }
            for (place, axis) in axes.enumerated() {
                let kept = Array(maps[axis].dropFirst(max(-before[place], 0)).dropLast(max(-after[place], 0)))
                let range = -max(before[place], 0)..<(kept.count + max(after[place], 0))
                maps[axis] = range.map { position in
                    if kept.indices.contains(position) { return kept[position] }
                    switch mode {
                    case .constant: return nil
                    case .edge: return position < 0 ? kept[0] : kept[kept.count - 1]
                    case .wrap: return kept[((position % kept.count) + kept.count) % kept.count]
                    case .reflect:
                        var bounced = position
                        while !kept.indices.contains(bounced) {
                            bounced = bounced < 0 ? -bounced : 2 * (kept.count - 1) - bounced
                            if kept.count == 1 { bounced = 0 }
                        }
                        return kept[bounced]
                    }
                }
            }
            let expected = Grid(maps.map(\.count)) { index in
                let source = index.enumerated().compactMap { maps[$0.offset][$0.element] }
                return source.count == index.count ? src[source] : 1
            }
            let one = Grid([]) { _ in 1 }.tensor(type.isFloatingPoint && seed % 2 == 0 ? .float32 : type)
            let inputs = [src.tensor(type), list(before + after), one, list(axes.map { $0 - src.extents.count })]
            try expect(Pad(mode: mode), inputs, gives: [expected], type, seed: seed)
        }
    }
}
