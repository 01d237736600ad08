// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields the dst transform reads; one call computes neighbouring tiles of one tile row and one block of channels.
struct WinogradDstArguments: BitwiseCopyable {
    /// The first tile's products of plane 0.
    var src = 0
    /// The block's bias.
    var bias = 0
    /// The first element of the first tile.
    var dst = 0
    var tileCount = 0
    var epilogue = EpilogueArguments()
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
            jit.advance(registers.dst, by: variant.dstExtent * jit.vectorByteCount)
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
        for pair in variant.dstPairs where min(pair.lines.0, pair.lines.1) < configuration.columnCount {
            let (first, second, temporary) = (jit.floats("first"), jit.floats("second"), jit.floats("temporary"))
            WinogradArithmetic(variant, jit)
                .dstLines(pair, first, second, temporary: temporary) { .register(columns[$0]) }
            for (value, column) in [(first, pair.lines.0), (second, pair.lines.1)]
            where column < configuration.columnCount {
                let place = line * configuration.dstRowByteCount + column * jit.vectorByteCount
                registers.epilogue.emit(value, dstByteOffset: place)
                jit.store(value, to: registers.dst[place])
            }
        }
    }

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
        // Constant.
        let bias: IntegerVariable?
        let epilogue: BlockedEpilogue
        /// Whether a pair of lines of all columns and the epilogue of a value fit the vector registers.
        let holdsBothLines: Bool

        init(_ jit: KernelBuilder, _ configuration: Configuration) {
            src = jit.argument("src", at: WinogradDstTransform.field(\.src))
            dst = jit.argument("dst", at: WinogradDstTransform.field(\.dst))
            bias = configuration.hasBias ? jit.argument("bias", at: WinogradDstTransform.field(\.bias)) : nil
            epilogue = BlockedEpilogue(
                configuration.epilogue,
                jit,
                argumentsByteOffset: WinogradDstTransform.field(\.epilogue),
                dst: dst
            )
            // Beside the columns: two values, and for each what its epilogue needs, a repeated operand included.
            let others = 2 + 1 + EpilogueEmitter.temporaryVectorCount(configuration.epilogue, target: jit.target)
            holdsBothLines = 2 * configuration.variant.srcExtent + others <= jit.target.vectorRegisterCount
        }
    }
}
