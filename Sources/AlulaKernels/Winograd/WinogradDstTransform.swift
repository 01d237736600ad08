// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields the dst transform reads; one call computes neighbouring tiles of one tile row and one block of channels.
struct WinogradDstArguments: BitwiseCopyable {
    /// The first tile's products of plane 0.
    var src = 0
    /// The block's bias.
    var bias = 0
    /// By operand of the epilogue: the element at the place of ``dst``, the block's first channel, or the only element.
    var operands = InlineArray<4, Int>(repeating: 0)
    /// The first element of the first tile.
    var dst = 0
    var tileCount = 0

    /// Operands an epilogue may have.
    static let operandLimit = 4
}

/// Generates `dst = epilogue(Aᵀ m A + bias)` of neighbouring tiles, a vector of channels at a time.
///
/// Lines are computed in pairs that share sums: a pair of lines of `Aᵀ m` for all columns, then `(Aᵀ m) A` of each. The
/// bias is added to the one product that every element of the tile contains once, that of point 1 in both directions.
/// For ``WinogradVariant/f4`` a tile and block take 6·10 operations down the columns and 4·10 along the rows, 50 cycles with
/// two units.
///
/// Layouts: src `[plane][tile, blocks of the panel, c]`, dst rows `[columns, c]`.
struct WinogradDstTransform {
    /// What code is generated for; tiles that reach over the end of dst have other code.
    struct Configuration: Hashable {
        var variant: WinogradVariant
        /// Rows and columns of the tile that lie inside dst.
        var rowCount: Int
        var columnCount: Int
        /// Bytes from plane to plane, and from tile to tile, of src.
        var planeByteCount: Int
        var tileByteCount: Int
        /// Bytes from row to row of dst.
        var dstRowByteCount: Int
        var hasBias: Bool
        var epilogue: Epilogue
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let registers: Registers
    private var variant: WinogradVariant { configuration.variant }

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = WinogradDstTransform(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let name =
            "f32_winograd_\(configuration.variant.rawValue)_dst"
            + "_\(configuration.rowCount)x\(configuration.columnCount)\(configuration.epilogue.nameSuffix)"
        jit = KernelBuilder(name: name, target: target)
        self.configuration = configuration
        registers = Registers(jit, configuration)
    }

    // MARK: Outline

    private func generate() {
        jit.loop("tiles left", count: jit.argument("tiles", at: Self.field(\.tileCount))) { _ in
            for pair in variant.dstPairs { generatePair(pair) }
            jit.advance(registers.src, by: configuration.tileByteCount)
            let columns = variant.dstExtent * jit.vectorByteCount
            jit.advance(registers.dst, by: columns)
            for (index, address) in registers.operands.enumerated() where extent(index) == .full {
                if let address { jit.advance(address, by: columns) }
            }
        }
    }

    /// Two lines of dst: from one pass over the columns, or from two where the epilogue needs the other line's registers.
    private func generatePair(_ pair: WinogradLinePair) {
        let lines = [pair.lines.0, pair.lines.1].filter { $0 < configuration.rowCount }
        if lines.isEmpty { return }
        if registers.holdsBothLines {
            let columns = transformColumns(pair)
            storeRow(columns.map(\.first), line: pair.lines.0)
            if lines.count > 1 { storeRow(columns.map(\.second), line: pair.lines.1) }
        } else {
            for line in lines {
                let columns = transformColumns(pair)
                storeRow(columns.map(line == pair.lines.0 ? \.first : \.second), line: line)
            }
        }
    }

    // MARK: Steps

    /// A pair of lines of `Aᵀ m` for all columns of the tile.
    private func transformColumns(_ pair: WinogradLinePair) -> [(first: FloatVector, second: FloatVector)] {
        (0..<variant.srcExtent).map { column in
            let result = (
                first: jit.floats("column[\(column), first]"), second: jit.floats("column[\(column), second]")
            )
            let bias = column == 1 ? registers.bias.map { WinogradLine.memory($0[0]) } : nil
            let temporary = jit.floats("temporary")
            WinogradArithmetic(variant, jit)
                .dstLines(pair, result.first, result.second, temporary: temporary, added: bias) { row in
                    .memory(registers.src[(row * variant.srcExtent + column) * configuration.planeByteCount])
                }
            return result
        }
    }

    /// One line of `Aᵀ m` times `A`, finished and stored.
    private func storeRow(_ columns: [FloatVector], line: Int) {
        let epilogue = EpilogueEmitter(configuration.epilogue, jit)
        for pair in variant.dstPairs where min(pair.lines.0, pair.lines.1) < configuration.columnCount {
            let (first, second, temporary) = (jit.floats("first"), jit.floats("second"), jit.floats("temporary"))
            WinogradArithmetic(variant, jit)
                .dstLines(pair, first, second, temporary: temporary) { .register(columns[$0]) }
            for (value, column) in [(first, pair.lines.0), (second, pair.lines.1)]
            where column < configuration.columnCount {
                let place = line * configuration.dstRowByteCount + column * jit.vectorByteCount
                epilogue.emit(value) { operand(at: place, $0) }
                jit.store(value, to: registers.dst[place])
            }
        }
    }

    /// Where operand `index` of the epilogue lies for the vector `place` bytes behind the tile's first.
    private func operand(at place: Int, _ index: Int) -> any FloatSource {
        guard let address = registers.operands[index] else { return jit.arguments[.max] }
        return switch extent(index) {
        case .full: address[place]
        case .channel: address[0]
        default: address[0].repeated
        }
    }

    private func extent(_ operand: Int) -> Epilogue.Extent { configuration.epilogue.operands[operand].extent }

    private static func field(_ path: PartialKeyPath<WinogradDstArguments>) -> Int {
        MemoryLayout<WinogradDstArguments>.offset(of: path) ?? .max
    }
}

// MARK: - Registers

extension WinogradDstTransform {
    /// Every register by its role; vectors are taken as they come.
    private struct Registers {
        // Advancing from tile to tile.
        let src: IntegerVariable
        let dst: IntegerVariable
        /// By operand of the epilogue that lies in memory; only those that vary like dst advance.
        let operands: [IntegerVariable?]
        // Constant.
        let bias: IntegerVariable?
        /// Whether a pair of lines of all columns and the epilogue of a value fit the vector registers.
        let holdsBothLines: Bool

        init(_ jit: KernelBuilder, _ configuration: Configuration) {
            src = jit.argument("src", at: WinogradDstTransform.field(\.src))
            dst = jit.argument("dst", at: WinogradDstTransform.field(\.dst))
            bias = configuration.hasBias ? jit.argument("bias", at: WinogradDstTransform.field(\.bias)) : nil
            let epilogue = configuration.epilogue
            let first = WinogradDstTransform.field(\.operands)
            operands = epilogue.operands.indices.map { index in
                epilogue.memoryOperands.contains(index) ? jit.argument("operand \(index)", at: first + index * 8) : nil
            }
            // Beside the columns: two values, and for each what its epilogue needs, a repeated operand included.
            let others = 2 + 1 + EpilogueEmitter.temporaryVectorCount(epilogue, target: jit.target)
            holdsBothLines = 2 * configuration.variant.srcExtent + others <= jit.target.vectorRegisterCount
        }
    }
}
