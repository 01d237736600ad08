// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// Generates the inner loops of a matrix product: some tiles of rows by one panel of columns, over a range of terms.
///
/// `accumulator[row, vector] += src[row, term] · weights[term, vector]`, with the sums in registers from the first term
/// to the last. The panel's weights are read front to back for every tile of rows, from a near cache; src rows lie as
/// they come. Sums over more terms than one call's are continued from dst.
package struct GemmF32Generator {
    private let jit: KernelBuilder
    private let descriptor: GemmTileDescriptor
    private let registers: Registers

    /// The program for `descriptor`.
    package static func program(_ descriptor: GemmTileDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = GemmF32Generator(descriptor, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: GemmTileDescriptor, _ target: VectorTarget) {
        let tile = descriptor.tile
        let name = "f32_gemm_\(tile.rows)x\(tile.vectors * target.lanes)\(descriptor.epilogue.nameSuffix)"
        jit = KernelBuilder(name: name, target: target)
        self.descriptor = descriptor
        registers = Registers(jit, descriptor)
    }

    // MARK: Outline

    private func generate() {
        let weightsMask = descriptor.areWeightsPadded ? nil : tailMask()
        jit.loop("tiles left", count: loaded("tiles", \.tileCount)) { _ in
            startAccumulators()
            jit.set(registers.src, to: registers.srcTile)
            jit.load(registers.weights, from: field(\.weights))
            jit.loop("rounds left", count: loaded("rounds", \.roundCount)) { _ in
                accumulate(termCount: GemmTileDescriptor.termUnroll, weightsMask)
                prefetchNextWeights()
            }
            jit.loop("terms left", count: loaded("terms", \.leftTermCount)) { _ in
                accumulate(termCount: 1, weightsMask)
            }
            finishAccumulators()
            advanceTile()
        }
    }

    private func advanceTile() {
        let rows = descriptor.tile.rows
        jit.advance(registers.srcTile, by: rows * descriptor.srcRowByteCount)
        jit.advance(registers.dst, by: rows * descriptor.dstRowByteCount)
        for operand in registers.advancingOperand {
            if let operand { jit.advance(operand.address, by: rows * operand.rowByteCount) }
        }
    }

    // MARK: The sum

    /// `termCount` terms in straight code.
    private func accumulate(termCount: Int, _ weightsMask: LaneMask?) {
        for term in 0..<termCount {
            for vector in 0..<descriptor.tile.vectors {
                let place = term * descriptor.weightsTermByteCount + vector * jit.vectorByteCount
                jit.load(
                    registers.weightVector[vector],
                    from: registers.weights[place],
                    where: isLast(vector) ? weightsMask : nil
                )
            }
            for row in 0..<descriptor.tile.rows {
                let place = row * descriptor.srcRowByteCount + term * descriptor.srcTermByteCount
                jit.broadcast(registers.srcElement, from: registers.src[place])
                for vector in 0..<descriptor.tile.vectors {
                    jit.accumulate(
                        registers.accumulator[row, vector],
                        registers.weightVector[vector],
                        registers.srcElement
                    )
                }
            }
        }
        jit.advance(registers.weights, by: termCount * descriptor.weightsTermByteCount)
        jit.advance(registers.src, by: termCount * descriptor.srcTermByteCount)
    }

    /// Asks for weights of the next panel: a few lines a round, so that they arrive while this panel is used again and
    /// again.
    private func prefetchNextWeights() {
        guard descriptor.prefetchLineCount > 0 else { return }
        let lineByteCount = 64
        for line in 0..<descriptor.prefetchLineCount {
            jit.prefetch(registers.nextWeights[line * lineByteCount], .second)
        }
        jit.advance(registers.nextWeights, by: descriptor.prefetchLineCount * lineByteCount)
    }

    // MARK: Start

    private func startAccumulators() {
        if descriptor.prefetchesDst {
            forEachAccumulator { _, row, vector in jit.prefetch(dst(row, vector), .forWriting) }
        }
        jit.when(loaded("continues sum", \.continuesSum), .equal, 0) {
            forEachAccumulator { value, _, _ in jit.set(value, to: 0) }
        } otherwise: {
            let mask = tailMask()
            forEachAccumulator { value, row, vector in
                jit.load(value, from: dst(row, vector), where: isLast(vector) ? mask : nil)
            }
        }
    }

    // MARK: Finish

    private func finishAccumulators() {
        let mask = tailMask()
        func store(_ value: FloatVector, _ row: Int, _ vector: Int) {
            jit.store(value, to: dst(row, vector), where: isLast(vector) ? mask : nil)
        }
        guard !descriptor.epilogue.isEmpty else { return forEachAccumulator(store) }
        jit.when(loaded("leaves sum", \.leavesSum), .equal, 0) {
            let emitter = EpilogueEmitter(descriptor.epilogue, jit)
            forEachAccumulator { value, row, vector in
                emitter.emit(value) { operand($0, row, vector, isLast(vector) ? mask : nil) }
                store(value, row, vector)
            }
        } otherwise: {
            forEachAccumulator(store)
        }
    }

    /// Where the epilogue finds operand `index` for an accumulator.
    private func operand(_ index: Int, _ row: Int, _ vector: Int, _ mask: LaneMask?) -> any FloatSource {
        let position = descriptor.epilogue.memoryOperands.firstIndex(of: index) ?? 0
        let extent = descriptor.epilogue.operands[index].extent
        let column = vector * jit.vectorByteCount
        let place: MemoryReference
        if let operand = registers.advancingOperand[position] {
            if extent == .row { return operand.address[row * operand.rowByteCount].repeated }
            place = operand.address[row * operand.rowByteCount + column]
        } else {
            let address = jit.argument("operand", at: Self.operandPlace(position))
            if extent == .scalar { return address[0].repeated }
            place = address[column]
        }
        guard let mask else { return place }
        let value = jit.floats("operand")
        jit.load(value, from: place, where: mask)
        return value
    }

    // MARK: Tiles

    private func forEachAccumulator(_ body: (_ value: FloatVector, _ row: Int, _ vector: Int) -> Void) {
        for row in 0..<descriptor.tile.rows {
            for vector in 0..<descriptor.tile.vectors { body(registers.accumulator[row, vector], row, vector) }
        }
    }

    private func dst(_ row: Int, _ vector: Int) -> MemoryReference {
        registers.dst[row * descriptor.dstRowByteCount + vector * jit.vectorByteCount]
    }

    private func isLast(_ vector: Int) -> Bool { vector == descriptor.tile.vectors - 1 }

    /// Selects the columns of the last vector that exist; nil when all do. Made where it is used: masks may take a vector
    /// register, and sums leave none.
    private func tailMask() -> LaneMask? {
        guard let count = descriptor.lastLanes else { return nil }
        let mask = jit.mask("tail")
        jit.lanesBelow(mask, jit.integer("last lanes", count))
        return mask
    }

    // MARK: Arguments

    /// The field of the epilogue's operand in memory number `position`.
    private static func operandPlace(_ position: Int) -> Int? {
        MemoryLayout<GemmArguments>.offset(of: \.operands).map { $0 + position * MemoryLayout<Int>.stride }
    }

    private func field(_ path: PartialKeyPath<GemmArguments>) -> MemoryReference {
        jit.arguments[MemoryLayout<GemmArguments>.offset(of: path) ?? .max]
    }

    /// A field that is not worth a register of its own: loaded where it is used.
    private func loaded(_ role: String, _ path: PartialKeyPath<GemmArguments>) -> IntegerVariable {
        let value = jit.integer(role)
        jit.load(value, from: field(path))
        return value
    }
}

// MARK: - Registers

extension GemmF32Generator {
    /// Every register by its role.
    private struct Registers {
        /// A matrix of accumulators.
        struct Accumulators {
            let vectors: [[FloatVector]]
            subscript(row: Int, vector: Int) -> FloatVector { vectors[row][vector] }
        }

        /// An operand of the epilogue with elements of its own for every row.
        struct AdvancingOperand {
            let address: IntegerVariable
            let rowByteCount: Int
        }

        // Advancing from tile to tile.
        let srcTile: IntegerVariable
        let dst: IntegerVariable
        /// By position among the operands in memory: those that differ from row to row.
        let advancingOperand: [AdvancingOperand?]
        // Advancing within a tile.
        let src: IntegerVariable
        let weights: IntegerVariable
        let nextWeights: IntegerVariable
        // Vectors.
        let accumulator: Accumulators
        let weightVector: [FloatVector]
        let srcElement: FloatVector

        init(_ jit: KernelBuilder, _ descriptor: GemmTileDescriptor) {
            typealias Fields = MemoryLayout<GemmArguments>
            srcTile = jit.argument("src tile", at: Fields.offset(of: \.src))
            dst = jit.argument("dst", at: Fields.offset(of: \.dst))
            nextWeights = jit.argument("next weights", at: Fields.offset(of: \.nextWeights))
            src = jit.integer("src")
            weights = jit.integer("weights")
            let epilogue = descriptor.epilogue
            advancingOperand = epilogue.memoryOperands.enumerated().map { position, index in
                let extent = epilogue.operands[index].extent
                guard extent == .row || extent == .full else { return nil }
                return AdvancingOperand(
                    address: jit.argument("row operand", at: GemmF32Generator.operandPlace(position)),
                    rowByteCount: extent == .row ? 4 : descriptor.operandRowByteCount
                )
            }
            let tile = descriptor.tile
            accumulator = Accumulators(
                vectors: (0..<tile.rows).map { row in
                    (0..<tile.vectors).map { jit.floats("accumulator[\(row), \($0)]") }
                }
            )
            weightVector = (0..<tile.vectors).map { jit.floats("weights[\($0)]") }
            srcElement = jit.floats("src element")
        }
    }
}
