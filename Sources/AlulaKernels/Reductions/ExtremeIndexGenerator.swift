// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Generates positions of largest or smallest elements: `dst[k] = argmax(src[k, …])` as 64-bit integers.
///
/// Every lane keeps the best element it met and where; for the smallest, elements change their sign on loading. Rows: lanes
/// take turns along a run and are joined at its end. Columns: every lane walks down by itself. NaN wins over every number, the
/// first one or the last.
struct ExtremeIndexGenerator {
    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        var isMaximum: Bool
        var selectsLast: Bool
        /// Elements on the axis.
        var count: Int
        /// From one to the next; 4 for rows.
        var stepByteCount: Int

        var isRow: Bool { stepByteCount == 4 }
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    // Advancing from row to row, or along the columns.
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private typealias Fields = MemoryLayout<ReductionArguments>

    /// The program for `configuration`.
    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = ExtremeIndexGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let name = configuration.isMaximum ? "argmax" : "argmin"
        jit = KernelBuilder(name: "f32_\(name)_\(configuration.isRow ? "rows" : "columns")", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
    }

    private func generate() {
        if configuration.isRow { generateRows() } else { generateColumns() }
    }

    // MARK: Both

    /// The best elements so far and their positions.
    private struct Best {
        let value: FloatVector
        let position: IntegerVector
    }

    private func load(_ vector: FloatVector, _ place: MemoryReference, _ mask: LaneMask?) {
        jit.load(vector, from: place, where: mask)
        if !configuration.isMaximum { jit.negate(vector, vector) }
    }

    /// Takes the lanes of `vector` that win, of those in `mask`; its positions are `positions`.
    private func meet(_ best: Best, _ vector: FloatVector, _ positions: IntegerVector, _ mask: LaneMask?) {
        let (wins, other) = (jit.mask("wins"), jit.mask("other"))
        if configuration.selectsLast {
            jit.compare(wins, vector, .floatGreaterOrEqual, best.value)
            jit.compare(other, vector, .floatUnordered, vector)
            jit.combine(.or, wins, wins, other)
        } else {
            // Not at most the best, which is no NaN.
            jit.compare(other, vector, .floatLessOrEqual, best.value)
            jit.compare(wins, best.value, .floatEqual, best.value)
            jit.combine(.andNot, wins, other, wins)
        }
        if let mask { jit.combine(.and, wins, wins, mask) }
        jit.select(best.value, wins, vector, best.value)
        jit.select(best.position, wins, positions, best.position)
    }

    // MARK: Columns

    private func generateColumns() {
        let columns = jit.argument("columns", at: Fields.offset(of: \.columnCount))
        let zero = jit.floats("zero")
        jit.set(zero, to: 0)
        let vectors = jit.integer("vectors", columns)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in
            let best = walkDown(nil)
            storePairs(best.position, zero, nil)
            jit.advance(src, by: jit.vectorByteCount)
            jit.advance(dst, by: 2 * jit.vectorByteCount)
        }
        jit.and(columns, jit.lanes - 1)
        jit.when(columns, .notEqual, 0) {
            let best = walkDown(mask(below: columns))
            let words = jit.integer("words", columns)
            jit.shiftLeft(words, by: 1)
            let first = jit.integer("words of the first", words)
            jit.limit(first, toAtMost: jit.lanes)
            jit.subtract(words, first)
            storePairs(best.position, zero, [mask(below: first), mask(below: words)])
        }
    }

    private func walkDown(_ mask: LaneMask?) -> Best {
        let best = Best(value: jit.floats("best"), position: jit.integers("position"))
        load(best.value, src[0], mask)
        jit.set(best.position, to: 0)
        let (vector, positions) = (jit.floats("src"), jit.integers("positions"))
        jit.set(positions, to: 0)
        let place = jit.integer("place", src)
        jit.loop("left", count: configuration.count - 1) { _ in
            jit.advance(place, by: configuration.stepByteCount)
            jit.add(positions, positions, Int32(1))
            load(vector, place[0], mask)
            meet(best, vector, positions, nil)
        }
        return best
    }

    /// Stores positions, which are not negative, as 64-bit integers.
    private func storePairs(_ positions: IntegerVector, _ zero: FloatVector, _ masks: [LaneMask]?) {
        for (index, isSecond) in [false, true].enumerated() {
            let half = jit.floats("half")
            jit.interleave(half, positions.asFloats, zero, secondHalves: isSecond)
            jit.store(half, to: dst[index * jit.vectorByteCount], where: masks?[index])
        }
    }

    private func mask(below count: IntegerVariable) -> LaneMask {
        let mask = jit.mask("tail")
        jit.lanesBelow(mask, count)
        return mask
    }

    // MARK: Rows

    private func generateRows() {
        let vectors = configuration.count / jit.lanes
        let rest = configuration.count % jit.lanes
        let tail = rest > 0 ? mask(below: jit.integer("rest", rest)) : nil
        let pair = mask(below: jit.integer("words of a position", 2))
        jit.loop("rows left", count: jit.argument("rows", at: Fields.offset(of: \.rowCount))) { _ in
            let best = Best(value: jit.floats("best"), position: jit.integers("position"))
            let (vector, positions) = (jit.floats("src"), jit.integers("positions"))
            jit.laneIndex(positions)
            begin(best, positions, vectors == 0 ? tail : nil)
            let place = jit.integer("place", src)
            func next(_ mask: LaneMask?) {
                jit.advance(place, by: jit.vectorByteCount)
                jit.add(positions, positions, Int32(jit.lanes))
                load(vector, place[0], mask)
                meet(best, vector, positions, mask)
            }
            jit.loop("vectors left", count: vectors - 1) { _ in next(nil) }
            if let tail, vectors > 0 { next(tail) }
            let position = join(best)
            let (zero, pairs) = (jit.floats("zero"), jit.floats("pairs"))
            jit.set(zero, to: 0)
            jit.interleave(pairs, position.asFloats, zero, secondHalves: false)
            jit.store(pairs, to: dst[0], where: pair)
            jit.advance(src, by: configuration.count * 4)
            jit.advance(dst, by: 8)
        }
    }

    /// The first vector; lanes outside `mask` lose against every other.
    private func begin(_ best: Best, _ positions: IntegerVector, _ mask: LaneMask?) {
        load(best.value, src[0], mask)
        jit.copy(best.position, positions)
        guard let mask else { return }
        let (lowest, none) = (jit.floats("lowest"), jit.integers("none"))
        jit.set(lowest, to: -.infinity)
        jit.select(best.value, mask, best.value, lowest)
        jit.set(none, to: configuration.selectsLast ? -1 : Int32.max)
        jit.select(best.position, mask, best.position, none)
    }

    /// The position of the best of all lanes, in every lane; as floats they are exact, rows are short enough for that.
    private func join(_ best: Best) -> IntegerVector {
        let (isNaN, isBest, isAny) = (jit.mask("is NaN"), jit.mask("is best"), jit.mask("any NaN"))
        jit.compare(isNaN, best.value, .floatUnordered, best.value)
        let (flag, scratch) = (jit.floats("flag"), jit.floats("scratch"))
        jit.set(flag, to: 1)
        jit.set(scratch, to: 0)
        jit.select(flag, isNaN, flag, scratch)
        jit.reduce(.maximum, flag, flag)
        jit.compare(isAny, flag, .floatGreater, Float(0))
        jit.set(scratch, to: -.infinity)
        jit.select(scratch, isNaN, scratch, best.value)
        jit.reduce(.maximum, scratch, scratch)
        jit.compare(isBest, best.value, .floatEqual, scratch)
        jit.combine(.andNot, isBest, isAny, isBest)
        jit.combine(.or, isBest, isBest, isNaN)
        let position = jit.floats("position")
        jit.convert(position, best.position)
        jit.set(scratch, to: configuration.selectsLast ? -1 : 0x1p30)
        jit.select(position, isBest, position, scratch)
        jit.reduce(configuration.selectsLast ? .maximum : .minimum, position, position)
        let result = jit.integers("result")
        jit.convert(result, position)
        return result
    }
}
