// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// Generates a move of 32-bit elements: loops around runs, repeated elements, strided runs or transposed squares.
///
/// Squares are `c × c` elements, `c` being the lanes of a vector: rows are loaded whole, transposed in registers and stored
/// whole. Rests at the ends of runs and planes are masked, or, in runs longer than a vector, moved by a vector that
/// overlaps the one before.
package struct MoveGenerator {
    private let jit: KernelBuilder
    private let descriptor: MoveDescriptor
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private typealias Fields = MemoryLayout<MoveArguments>

    /// The program for `descriptor`.
    package static func program(_ descriptor: MoveDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = MoveGenerator(descriptor, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: MoveDescriptor, _ target: VectorTarget) {
        self.descriptor = descriptor
        jit = KernelBuilder(name: descriptor.name(lanes: target.lanes), target: target)
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
    }

    private func generate() { emitLoops(descriptor.outer[...]) }

    /// The loops around the form; inside of each, the operands advance by what the loops within have not advanced.
    private func emitLoops(_ axes: ArraySlice<BoxMove.Axis>) {
        guard let axis = axes.first else { return emitForm() }
        let inner = axes.dropFirst()
        let body: (IntegerVariable) -> Void = { _ in
            emitLoops(inner)
            jit.advance(src, by: 4 * (axis.src - advance(of: inner, \.src)))
            jit.advance(dst, by: 4 * (axis.dst - advance(of: inner, \.dst)))
        }
        if axes.startIndex == 0 {
            jit.loop("outer left", count: jit.argument("outer count", at: Fields.offset(of: \.outerCount)), body)
        } else {
            jit.loop("left", count: axis.extent, body)
        }
    }

    /// Elements by which the outermost of `axes` has moved an operand when it ends. The form moves none.
    private func advance(of axes: ArraySlice<BoxMove.Axis>, _ side: KeyPath<BoxMove.Axis, Int>) -> Int {
        axes.first.map { $0.extent * $0[keyPath: side] } ?? 0
    }

    private func emitForm() {
        switch descriptor.form {
        case .runs(let count): emitRun(count, load: loadNeighbours, step: 1)
        case .spreads(let count): emitSpread(count)
        case .gathers(let count, let step): emitGather(count, step: step)
        case .squares(let column, let row): emitPlane(column, row)
        }
    }

    // MARK: - Runs

    /// Vectors kept in flight between loads and stores: enough to hide a load, few enough for every register file.
    private var batchCount: Int { 8 }
    /// Vectors moved without a loop.
    private var unrollLimit: Int { 32 }

    /// Loads a vector that lies `element` elements of dst into the run.
    private typealias Load = (_ vector: FloatVector, _ element: Int, _ mask: LaneMask?) -> Void

    private func loadNeighbours(_ vector: FloatVector, _ element: Int, _ mask: LaneMask?) {
        jit.load(vector, from: src[4 * element], where: mask)
    }

    /// A run of `count` elements of dst, made of src elements `step` apart.
    private func emitRun(_ count: Int, load: Load, step: Int) {
        let vectorCount = count / jit.lanes
        guard vectorCount > 0 else { return emitRest(count, at: 0, load) }
        if vectorCount <= unrollLimit {
            emitVectors((0..<vectorCount).map { $0 * jit.lanes }, load)
            // The last vector may overlap the one before: what both write is the same.
            if count % jit.lanes > 0 { emitVectors([count - jit.lanes], load) }
            return
        }
        let batchElementCount = batchCount * jit.lanes
        let roundCount = count / batchElementCount
        jit.loop("batches left", count: roundCount) { _ in
            emitVectors((0..<batchCount).map { $0 * jit.lanes }, load)
            jit.advance(src, by: 4 * batchElementCount * step)
            jit.advance(dst, by: 4 * batchElementCount)
        }
        let moved = roundCount * batchElementCount
        if count > moved {
            let firsts = stride(from: 0, to: count - moved, by: jit.lanes).map { min($0, count - moved - jit.lanes) }
            emitVectors(firsts, load)
        }
        jit.advance(src, by: -4 * moved * step)
        jit.advance(dst, by: -4 * moved)
    }

    private func emitVectors(_ firsts: [Int], _ load: Load) {
        for batch in stride(from: 0, to: firsts.count, by: batchCount) {
            let some = firsts[batch..<min(batch + batchCount, firsts.count)].map { ($0, jit.floats("run[\($0)]")) }
            for (first, vector) in some { load(vector, first, nil) }
            for (first, vector) in some { jit.store(vector, to: dst[4 * first]) }
        }
    }

    private func emitRest(_ count: Int, at first: Int, _ load: Load) {
        let mask = mask(below: count)
        let vector = jit.floats("rest")
        load(vector, first, mask)
        jit.store(vector, to: dst[4 * first], where: mask)
    }

    private func emitSpread(_ count: Int) {
        let element = jit.floats("element")
        jit.broadcast(element, from: src[0])
        emitRun(count, load: { vector, _, _ in jit.copy(vector, element) }, step: 0)
    }

    private func emitGather(_ count: Int, step: Int) {
        let indices = jit.integers("indices")
        jit.laneIndex(indices)
        jit.multiply(indices, indices, Int32(step))
        let base = jit.integer("gather base")
        emitRun(
            count,
            load: { vector, element, mask in
                jit.set(base, to: src)
                jit.advance(base, by: 4 * element * step)
                jit.gather(vector, from: base, indices, where: mask)
            },
            step: step
        )
    }

    // MARK: - Squares

    /// A plane, square by square: along src's rows first, as reading ahead is what the processor is good at.
    private func emitPlane(_ column: BoxMove.Axis, _ row: BoxMove.Axis) {
        let (rowSrc, rowDst) = (jit.integer("src of squares"), jit.integer("dst of squares"))
        let (squareSrc, squareDst) = (jit.integer("src square"), jit.integer("dst square"))
        jit.set(rowSrc, to: src)
        jit.set(rowDst, to: dst)
        func emitSquares(columns: Int) {
            jit.set(squareSrc, to: rowSrc)
            jit.set(squareDst, to: rowDst)
            forEachSquare(
                of: row,
                squareCount: Fields.offset(of: \.rowSquareCount),
                tailCount: Fields.offset(of: \.rowTailCount)
            ) { rows in
                emitSquare(columns, rows, column, row, src: squareSrc, dst: squareDst)
                jit.advance(squareSrc, by: jit.vectorByteCount)
                jit.advance(squareDst, by: jit.vectorByteCount * row.dst)
            }
            jit.advance(rowSrc, by: jit.vectorByteCount * column.src)
            jit.advance(rowDst, by: jit.vectorByteCount)
        }
        forEachSquare(
            of: column,
            squareCount: Fields.offset(of: \.columnSquareCount),
            tailCount: Fields.offset(of: \.columnTailCount),
            emitSquares
        )
    }

    /// The loop over whole squares along `axis`, and the rest at its end.
    private func forEachSquare(
        of axis: BoxMove.Axis,
        squareCount: Int?,
        tailCount: Int?,
        _ body: (_ extent: Int) -> Void
    ) {
        if axis.extent >= jit.lanes {
            jit.loop("squares left", count: jit.argument("squares", at: squareCount)) { _ in
                body(jit.lanes)
            }
        }
        if axis.extent % jit.lanes > 0 {
            jit.loop("tails left", count: jit.argument("tails", at: tailCount)) { _ in
                body(axis.extent % jit.lanes)
            }
        }
    }

    /// - Parameters:
    ///   - columns: vectors loaded, as many as elements stored in each vector.
    ///   - rows: elements loaded in each vector, as many as vectors stored.
    private func emitSquare(
        _ columns: Int,
        _ rows: Int,
        _ column: BoxMove.Axis,
        _ row: BoxMove.Axis,
        src: IntegerVariable,
        dst: IntegerVariable
    ) {
        let srcMask = rows < jit.lanes ? mask(below: rows) : nil
        let loaded = (0..<columns).map { index in
            let vector = jit.floats("square[\(index)]")
            jit.load(vector, from: src[4 * index * column.src], where: srcMask)
            return vector
        }
        let zero = jit.floats("zero")
        if columns < jit.lanes { jit.set(zero, to: 0) }
        let dstMask = columns < jit.lanes ? mask(below: columns) : nil
        let square = loaded + Array(repeating: zero, count: jit.lanes - columns)
        for (index, vector) in jit.transposed(square).prefix(rows).enumerated() {
            jit.store(vector, to: dst[4 * index * row.dst], where: dstMask)
        }
    }

    private func mask(below count: Int) -> LaneMask {
        let mask = jit.mask("first \(count)")
        jit.lanesBelow(mask, jit.integer("count", count))
        return mask
    }
}

extension MoveDescriptor {
    /// The kernel identifier without the instruction set.
    fileprivate func name(lanes: Int) -> String {
        switch form {
        case .runs(let count): "b32_move_runs\(count)"
        case .spreads(let count): "b32_move_spreads\(count)"
        case .gathers(_, let step): "b32_move_gathers\(step)"
        case .squares: "b32_move_squares\(lanes)x\(lanes)"
        }
    }
}
