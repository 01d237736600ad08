// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Generates an expression over some rows: `dst[r, i] = stages(src₀[r, i], src₁[r, i], …)`.
///
/// A row is walked some vectors at a time, its tail masked. Operands that are one element for a row stay in a register
/// while the row is walked. In short rows of whole vectors without gaps, operands that are the same for all rows do so
/// throughout.
struct ExpressionGenerator {
    private let jit: KernelBuilder
    private let descriptor: ExpressionDescriptor
    private let registers: Registers
    private let emitter: EpilogueEmitter
    /// Vectors in one round of a loop: enough work to hide it.
    private let unroll: Int

    /// The program for `descriptor`.
    static func program(_ descriptor: ExpressionDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = ExpressionGenerator(descriptor, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: ExpressionDescriptor, _ target: VectorTarget) {
        let form =
            switch descriptor.form {
            case .rows: "rows"
            case .blocks(let vectors): "blocks\(vectors)"
            }
        jit = KernelBuilder(name: "f32_elementwise_\(form)\(descriptor.epilogue.nameSuffix)", target: target)
        self.descriptor = descriptor
        registers = Registers(jit, descriptor)
        emitter = EpilogueEmitter(descriptor.epilogue, jit)
        unroll = descriptor.epilogue.stages.count > 6 ? 2 : 4
    }

    private func generate() {
        switch descriptor.form {
        case .rows: generateRows()
        case .blocks(let vectors): generateBlocks(vectors)
        }
    }

    // MARK: Rows of any length

    private func generateRows() {
        jit.loop("rows left", count: field(\.rowCount, "rows")) { _ in
            let held = heldElements { !$0.isRow }
            let place = Place(index: jit.integer("index", 0), row: nil)
            let round = unroll * jit.lanes
            let rounds = field(\.rowLength, "rounds")
            jit.shiftRight(rounds, by: round.trailingZeroBitCount)
            jit.loop("rounds left", count: rounds) { _ in
                for vector in 0..<unroll { emitVector(place, vector * jit.lanes, held, nil) }
                jit.advance(place.index, by: round)
            }
            let rest = field(\.rowLength, "rest")
            jit.and(rest, round - 1)
            let vectors = jit.integer("vectors", rest)
            jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
            jit.loop("vectors left", count: vectors) { _ in
                emitVector(place, 0, held, nil)
                jit.advance(place.index, by: jit.lanes)
            }
            jit.and(rest, jit.lanes - 1)
            jit.when(rest, .notEqual, 0) {
                let mask = jit.mask("tail")
                jit.lanesBelow(mask, rest)
                emitVector(place, 0, held, mask)
            }
            advanceRow()
        }
    }

    private func advanceRow() {
        for (index, pointer) in registers.src.enumerated() {
            jit.advance(pointer, by: element(\.srcRowByteCount, index, "row of src"))
        }
        jit.advance(registers.dst, by: field(\.dstRowByteCount, "row of dst"))
    }

    // MARK: Short rows of whole vectors

    private func generateBlocks(_ vectors: Int) {
        var held = heldElements { !$0.isRow && !$0.advances }
        for (index, access) in descriptor.operands.enumerated() where access.isRow && !access.advances {
            held[index] = (0..<vectors).map { vector in
                load(index, from: registers.src[index][vector * jit.lanes * access.element.byteCount], mask: nil)
            }
        }
        let place = Place(index: jit.integer("index", 0), row: jit.integer("row", 0))
        let rows = max(1, unroll / vectors)
        let rounds = field(\.rowCount, "rounds")
        jit.shiftRight(rounds, by: rows.trailingZeroBitCount)
        jit.loop("rounds left", count: rounds) { _ in emitRows(rows, vectors, place, held) }
        guard rows > 1 else { return }
        let rest = field(\.rowCount, "rest")
        jit.and(rest, rows - 1)
        jit.loop("rows left", count: rest) { _ in emitRows(1, vectors, place, held) }
    }

    private func emitRows(_ rows: Int, _ vectors: Int, _ place: Place, _ held: [Int: [FloatVector]]) {
        for row in 0..<rows {
            for vector in 0..<vectors {
                emitVector(place, (row * vectors + vector) * jit.lanes, held, nil, row: row, vector: vector)
            }
        }
        jit.advance(place.index, by: rows * vectors * jit.lanes)
        if let row = place.row { jit.advance(row, by: rows) }
    }

    // MARK: One vector

    /// How far the walk is: elements, and rows where those are counted.
    private struct Place {
        let index: IntegerVariable
        let row: IntegerVariable?
    }

    /// - Parameters:
    ///   - offset: elements from the place.
    ///   - held: operands in registers, one for each vector of a row or one for all.
    private func emitVector(
        _ place: Place,
        _ offset: Int,
        _ held: [Int: [FloatVector]],
        _ mask: LaneMask?,
        row: Int = 0,
        vector: Int = 0
    ) {
        func operand(_ index: Int) -> any FloatSource {
            if let vectors = held[index] { return vectors[vectors.count > 1 ? vector : 0] }
            let access = descriptor.operands[index]
            let byteCount = access.element.byteCount
            guard access.isRow else {
                guard let rows = place.row else { return Float.nan }
                return broadcast(index, from: registers.src[index][rows, scale: byteCount, row * byteCount])
            }
            let memory = registers.src[index][place.index, scale: byteCount, offset * byteCount]
            return mask == nil && access.element == .word ? memory : load(index, from: memory, mask: mask)
        }
        let value = jit.floats("value")
        switch operand(0) {
        case let memory as MemoryReference: jit.load(value, from: memory)
        case let register as FloatVector: jit.copy(value, register)
        default: break
        }
        emitter.emit(value) { operand(descriptor.epilogue.operands[$0].input) }
        let byteCount = descriptor.dstElement.byteCount
        let memory = registers.dst[place.index, scale: byteCount, offset * byteCount]
        if descriptor.dstElement == .word { return jit.store(value, to: memory, where: mask) }
        jit.convert(value.bits, value)
        jit.store(value.bits, to: memory, as: descriptor.dstElement, where: mask)
    }

    /// One vector of each operand that is one element, loaded now.
    private func heldElements(_ isHeld: (ExpressionDescriptor.Access) -> Bool) -> [Int: [FloatVector]] {
        var held: [Int: [FloatVector]] = [:]
        for (index, access) in descriptor.operands.enumerated() where isHeld(access) {
            held[index] = [broadcast(index, from: registers.src[index][0])]
        }
        return held
    }

    private func broadcast(_ index: Int, from memory: MemoryReference) -> FloatVector {
        let result = jit.floats("src\(index)")
        jit.broadcast(result, from: memory, as: descriptor.operands[index].element)
        return result
    }

    private func load(_ index: Int, from memory: MemoryReference, mask: LaneMask?) -> FloatVector {
        let result = jit.floats("src\(index)")
        jit.load(result, from: memory, as: descriptor.operands[index].element, where: mask)
        return result
    }

    // MARK: Arguments

    private func field(_ path: PartialKeyPath<ExpressionArguments>, _ role: String) -> IntegerVariable {
        jit.argument(role, at: MemoryLayout<ExpressionArguments>.offset(of: path))
    }

    private func element(_ path: PartialKeyPath<ExpressionArguments>, _ index: Int, _ role: String) -> IntegerVariable {
        Registers.element(jit, path, index, role)
    }
}

// MARK: - Registers

extension ExpressionGenerator {
    /// The pointers, all of which advance from row to row.
    private struct Registers {
        let dst: IntegerVariable
        let src: [IntegerVariable]

        init(_ jit: KernelBuilder, _ descriptor: ExpressionDescriptor) {
            dst = jit.argument("dst", at: MemoryLayout<ExpressionArguments>.offset(of: \.dst))
            src = descriptor.operands.indices.map { Self.element(jit, \.src, $0, "src\($0)") }
        }

        static func element(
            _ jit: KernelBuilder,
            _ path: PartialKeyPath<ExpressionArguments>,
            _ index: Int,
            _ role: String
        ) -> IntegerVariable {
            let start = MemoryLayout<ExpressionArguments>.offset(of: path)
            return jit.argument(role, at: start.map { $0 + index * MemoryLayout<Int>.stride })
        }
    }
}
