// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads; one call makes one row. Addresses and counts.
struct ResizeArguments: BitwiseCopyable, Sendable {
    /// Rows of src that are mixed at most.
    static let rowLimit = 8

    /// The row that columns are picked from; unused where rows are mixed.
    var src = 0
    var dst = 0
    /// Elements of a mixed row, or columns of dst.
    var count = 0
    /// One a row that is mixed, or of all taps of all columns.
    var weights = 0
    /// Where the taps of all columns lie in the row.
    var places = 0
    var rows = InlineArray<8, Int>(repeating: 0)
}

/// Generates one of the two steps of a resizing: mixing rows, `dst[i] = Σₜ src[rowₜ][i] · weights[t]`, and picking columns,
/// `dst[x] = Σₜ src[places[x, t]] · weights[x, t]`.
///
/// Blocked columns are vectors: `places` holds byte offsets, `weights` single numbers, both `[columns, taps]`. Planar columns are
/// gathered, a vector of them at a time: `places` holds 32-bit indices, both are `[taps, columns]`. Nearest neighbours are copied.
struct ResizeGenerator {
    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        var step: Step
        var tapCount: Int
        /// Whether the only tap is copied, whatever its weight says.
        var isCopy = false
        /// From the weights, or places, of one tap of planar columns to those of the next.
        var tapStrideElements = 0
    }

    /// What is done.
    enum Step: String, Hashable, Sendable {
        case mixRows, pickBlockedColumns, pickPlanarColumns
    }

    /// Vectors in one round of a loop: enough work to hide it.
    private static let unroll = 4

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private let weights: IntegerVariable
    private typealias Fields = MemoryLayout<ResizeArguments>

    /// The program for `configuration`.
    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = ResizeGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let step =
            switch configuration.step {
            case .mixRows: "rows"
            case .pickBlockedColumns: "blocked"
            case .pickPlanarColumns: "planar"
            }
        jit = KernelBuilder(name: "f32_resize_\(step)_\(configuration.tapCount)taps", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
        weights = jit.argument("weights", at: Fields.offset(of: \.weights))
    }

    private func generate() {
        switch configuration.step {
        case .mixRows: mixRows()
        case .pickBlockedColumns: pickBlockedColumns()
        case .pickPlanarColumns: pickPlanarColumns()
        }
    }

    private var taps: Range<Int> { 0..<configuration.tapCount }

    private var count: IntegerVariable { jit.argument("count", at: Fields.offset(of: \.count)) }

    // MARK: Rows

    private func mixRows() {
        let start = Fields.offset(of: \.rows)
        let rows = taps.map { tap in jit.argument("row \(tap)", at: start.map { $0 + tap * 8 }) }
        let factors = taps.map { tap in
            let factor = jit.floats("weight \(tap)")
            jit.broadcast(factor, from: weights[tap * 4])
            return factor
        }
        let index = jit.integer("index", 0)
        overVectors { vector, mask in
            let sum = jit.floats("sum")
            let value = jit.floats("value")
            for tap in taps {
                jit.load(value, from: rows[tap][index, scale: 4, vector * jit.vectorByteCount], where: mask)
                if tap == 0 { jit.multiply(sum, value, factors[0]) } else { jit.accumulate(sum, value, factors[tap]) }
            }
            jit.store(sum, to: dst[index, scale: 4, vector * jit.vectorByteCount], where: mask)
        } advance: {
            jit.advance(index, by: $0 * jit.lanes)
        }
    }

    /// Runs `body` for whole vectors, some at a time, and for the tail.
    private func overVectors(
        _ body: (_ vector: Int, LaneMask?) -> Void,
        advance: (_ vectors: Int) -> Void
    ) {
        let rest = count
        let rounds = jit.integer("rounds", rest)
        jit.shiftRight(rounds, by: (Self.unroll * jit.lanes).trailingZeroBitCount)
        jit.loop("rounds left", count: rounds) { _ in
            for vector in 0..<Self.unroll { body(vector, nil) }
            advance(Self.unroll)
        }
        jit.and(rest, Self.unroll * jit.lanes - 1)
        let vectors = jit.integer("vectors", rest)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in
            body(0, nil)
            advance(1)
        }
        jit.and(rest, jit.lanes - 1)
        jit.when(rest, .notEqual, 0) {
            let tail = jit.mask("tail")
            jit.lanesBelow(tail, rest)
            body(0, tail)
        }
    }

    // MARK: Blocked columns

    private func pickBlockedColumns() {
        let places = jit.argument("places", at: Fields.offset(of: \.places))
        let columns = count
        let rounds = jit.integer("rounds", columns)
        jit.shiftRight(rounds, by: Self.unroll.trailingZeroBitCount)
        func emit(_ count: Int) {
            for column in 0..<count { pickBlockedColumn(column, places) }
            jit.advance(places, by: count * configuration.tapCount * 8)
            jit.advance(weights, by: count * configuration.tapCount * 4)
            jit.advance(dst, by: count * jit.vectorByteCount)
        }
        jit.loop("rounds left", count: rounds) { _ in emit(Self.unroll) }
        jit.and(columns, Self.unroll - 1)
        jit.loop("columns left", count: columns) { _ in emit(1) }
    }

    private func pickBlockedColumn(_ column: Int, _ places: IntegerVariable) {
        let sum = jit.floats("sum")
        for tap in taps {
            let number = column * configuration.tapCount + tap
            let place = jit.integer("place")
            jit.load(place, from: places[number * 8])
            let memory = src[place, scale: 1, 0]
            if configuration.isCopy {
                jit.load(sum, from: memory)
            } else {
                let factor = jit.floats("weight")
                jit.broadcast(factor, from: weights[number * 4])
                if tap == 0 { jit.multiply(sum, factor, memory) } else { jit.accumulate(sum, factor, memory) }
            }
        }
        jit.store(sum, to: dst[column * jit.vectorByteCount])
    }

    // MARK: Planar columns

    private func pickPlanarColumns() {
        let places = jit.argument("places", at: Fields.offset(of: \.places))
        let stride = configuration.tapStrideElements * 4
        overVectors { vector, mask in
            let sum = jit.floats("sum")
            let (indices, value) = (jit.integers("indices"), jit.floats("value"))
            for tap in taps {
                let place = tap * stride + vector * jit.vectorByteCount
                jit.load(indices, from: places[place], where: mask)
                jit.gather(value, from: src, indices, where: mask)
                if configuration.isCopy {
                    jit.copy(sum, value)
                } else {
                    let factor = jit.floats("weight")
                    jit.load(factor, from: weights[place], where: mask)
                    if tap == 0 { jit.multiply(sum, value, factor) } else { jit.accumulate(sum, value, factor) }
                }
            }
            jit.store(sum, to: dst[vector * jit.vectorByteCount], where: mask)
        } advance: { vectors in
            for pointer in [places, weights, dst] { jit.advance(pointer, by: vectors * jit.vectorByteCount) }
        }
    }
}
