// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Generates reductions of neighbouring elements, or of elements a step apart: `dst[k] = fold(src[k, r…])`.
///
/// Rows: every vector of a run goes to one of a few accumulators, whose lanes are joined at the end of a row. Columns: as many
/// vectors of columns as there are registers for walk down the reduced axes together, so that memory is read in long
/// stretches. Tails are masked.
struct ReductionGenerator {
    private let jit: KernelBuilder
    private let descriptor: ReductionDescriptor
    private let emitter: ReductionEmitter
    // Advancing from row to row.
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private typealias Fields = MemoryLayout<ReductionArguments>

    /// Accumulators of a row: enough to hide the latency of an addition.
    private static let rowUnroll = 4

    /// The program for `descriptor`.
    static func program(_ descriptor: ReductionDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = ReductionGenerator(descriptor, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: ReductionDescriptor, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_reduce_\(descriptor.function.rawValue)_\(descriptor.form.name)", target: target)
        self.descriptor = descriptor
        emitter = ReductionEmitter(jit: jit, descriptor: descriptor)
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
    }

    private func generate() {
        switch descriptor.form {
        case .rows(let count): generateRows(count)
        case .shortRows(let count): generateShortRows(count)
        case .columns: generateColumns()
        }
    }

    private func field(_ path: PartialKeyPath<ReductionArguments>, _ role: String) -> IntegerVariable {
        jit.argument(role, at: Fields.offset(of: path))
    }

    /// Runs `body` for every round of the loops over reduced elements; `place` is where it began when they end.
    private func overReduced(
        _ loops: ArraySlice<ReductionDescriptor.Loop>,
        _ place: IntegerVariable,
        _ body: () -> Void
    ) {
        guard let loop = loops.first else { return body() }
        jit.loop("reduced left", count: loop.count) { _ in
            overReduced(loops.dropFirst(), place, body)
            jit.advance(place, by: loop.stepByteCount)
        }
        jit.advance(place, by: -loop.count * loop.stepByteCount)
    }

    // MARK: Rows

    private func generateRows(_ count: Int) {
        let first = jit.mask("first lane")
        jit.lanesBelow(first, jit.integer("one", 1))
        let tailCount = count % jit.lanes
        let tail = tailCount > 0 ? jit.mask("tail") : nil
        if let tail { jit.lanesBelow(tail, jit.integer("tail count", tailCount)) }
        jit.loop("rows left", count: field(\.rowCount, "rows")) { _ in
            let accumulators = emitter.start(min(Self.rowUnroll, max(1, count / jit.lanes)))
            overReduced(descriptor.loops[...], src) { foldRun(count, accumulators, tail) }
            let result = emitter.join(accumulators)
            emitter.joinLanes(result)
            emitter.finish(result)
            jit.store(result, to: dst[0], where: first)
            jit.advance(src, by: field(\.srcRowByteCount, "row of src"))
            jit.advance(dst, by: 4)
        }
    }

    /// Folds `count` neighbours from ``src`` on, which is left as it was.
    private func foldRun(_ count: Int, _ accumulators: [FloatVector], _ tail: LaneMask?) {
        let vectors = count / jit.lanes
        let rounds = vectors / accumulators.count
        let roundByteCount = accumulators.count * jit.vectorByteCount
        jit.loop("rounds left", count: rounds) { _ in
            foldVectors(accumulators)
            jit.advance(src, by: roundByteCount)
        }
        foldVectors(Array(accumulators.prefix(vectors - rounds * accumulators.count)))
        if let tail {
            let place = (vectors - rounds * accumulators.count) * jit.vectorByteCount
            emitter.fold(accumulators[0], load(src[place], tail))
        }
        jit.advance(src, by: -rounds * roundByteCount)
    }

    private func foldVectors(_ accumulators: [FloatVector]) {
        for (index, accumulator) in accumulators.enumerated() {
            emitter.fold(accumulator, load(src[index * jit.vectorByteCount], nil))
        }
    }

    /// The vector at `place`; lanes outside `mask` change no result.
    private func load(_ place: MemoryReference, _ mask: LaneMask?) -> FloatVector {
        let vector = jit.floats("src")
        jit.load(vector, from: place, where: mask)
        return neutralized(vector, mask)
    }

    private func neutralized(_ vector: FloatVector, _ mask: LaneMask?) -> FloatVector {
        guard let mask, emitter.neutral != 0 else { return vector }
        let neutral = jit.floats("neutral")
        jit.set(neutral, to: emitter.neutral)
        jit.select(vector, mask, vector, neutral)
        return vector
    }

    // MARK: Short rows

    private func generateShortRows(_ count: Int) {
        let indices = jit.integers("first elements")
        jit.laneIndex(indices)
        jit.multiply(indices, indices, Int32(count))
        let rows = field(\.rowCount, "rows")
        let vectors = jit.integer("vectors", rows)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in
            let result = foldShortRows(count, indices, nil)
            jit.store(result, to: dst[0])
            jit.advance(src, by: count * jit.vectorByteCount)
            jit.advance(dst, by: jit.vectorByteCount)
        }
        jit.and(rows, jit.lanes - 1)
        jit.when(rows, .notEqual, 0) {
            let tail = jit.mask("tail")
            jit.lanesBelow(tail, rows)
            let result = foldShortRows(count, indices, tail)
            jit.store(result, to: dst[0], where: tail)
        }
    }

    private func foldShortRows(_ count: Int, _ indices: IntegerVector, _ mask: LaneMask?) -> FloatVector {
        let accumulators = emitter.start(min(2, count))
        let place = jit.integer("element", src)
        for element in 0..<count {
            let vector = jit.floats("src")
            jit.gather(vector, from: place, indices, where: mask)
            emitter.fold(accumulators[element % accumulators.count], vector)
            jit.advance(place, by: 4)
        }
        let result = emitter.join(accumulators)
        emitter.finish(result)
        return result
    }

    // MARK: Columns

    /// Vectors of columns that walk down together.
    private var columnVectors: Int { jit.target.vectorRegisterCount / 2 }

    private func generateColumns() {
        jit.loop("rows left", count: field(\.rowCount, "rows")) { _ in
            let (place, target) = (jit.integer("src columns", src), jit.integer("dst columns", dst))
            let columns = field(\.columnCount, "columns")
            func emit(_ vectors: Int, _ mask: LaneMask? = nil) {
                foldColumns(vectors, place, target, mask)
                jit.advance(place, by: vectors * jit.vectorByteCount)
                jit.advance(target, by: vectors * jit.vectorByteCount)
            }
            for vectors in [columnVectors, columnVectors / 4, 1] {
                let rounds = jit.integer("rounds", columns)
                jit.shiftRight(rounds, by: (vectors * jit.lanes).trailingZeroBitCount)
                jit.loop("rounds left", count: rounds) { _ in emit(vectors) }
                jit.and(columns, vectors * jit.lanes - 1)
            }
            jit.when(columns, .notEqual, 0) {
                let tail = jit.mask("tail")
                jit.lanesBelow(tail, columns)
                emit(1, tail)
            }
            jit.advance(src, by: field(\.srcRowByteCount, "row of src"))
            jit.advance(dst, by: field(\.dstRowByteCount, "row of dst"))
        }
    }

    /// Some vectors of columns from top to bottom. One alone has several accumulators, for rows in turn.
    private func foldColumns(
        _ vectors: Int,
        _ place: IntegerVariable,
        _ target: IntegerVariable,
        _ mask: LaneMask?
    ) {
        let inner = descriptor.loops.last ?? .init(count: 1, stepByteCount: 0)
        let depth = vectors == 1 ? min(Self.rowUnroll, inner.count) : 1
        let accumulators = emitter.start(vectors * depth)
        func foldRow(_ row: Int) {
            for vector in 0..<vectors {
                let src = load(place[row * inner.stepByteCount + vector * jit.vectorByteCount], mask)
                emitter.fold(accumulators[row * vectors + vector], src)
            }
        }
        overReduced(descriptor.loops.dropLast(), place) {
            let rounds = inner.count / depth
            jit.loop("rows left", count: rounds) { _ in
                for row in 0..<depth { foldRow(row) }
                jit.advance(place, by: depth * inner.stepByteCount)
            }
            for row in 0..<inner.count % depth { foldRow(row) }
            jit.advance(place, by: -rounds * depth * inner.stepByteCount)
        }
        let results = depth == 1 ? accumulators : [emitter.join(accumulators)]
        for (vector, result) in results.enumerated() {
            emitter.finish(result)
            jit.store(result, to: target[vector * jit.vectorByteCount], where: mask)
        }
    }
}

extension ReductionDescriptor.Form {
    /// The form's part of a kernel identifier.
    fileprivate var name: String {
        switch self {
        case .rows: "rows"
        case .shortRows(let count): "rows\(count)"
        case .columns: "columns"
        }
    }
}
