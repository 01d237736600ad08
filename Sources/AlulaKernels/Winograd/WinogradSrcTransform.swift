// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields the src transform reads; one call transforms neighbouring tiles of one tile row, all channels.
struct WinogradSrcArguments: BitwiseCopyable {
    /// By src row of the tiles: where column 0 of the first tile lies in the first block. Rows outside src are zeros
    /// elsewhere.
    var rows = InlineArray<6, Int>(repeating: 0)
    /// By src row: bytes to the next block, 0 for zeros.
    var rowBlockByteCounts = InlineArray<6, Int>(repeating: 0)
    /// Where the first tile's vector of plane 0 and the first block goes.
    var dst = 0
    /// Bytes from a block's vector to that of the next block.
    var dstBlockByteCount = 0
    var tileCount = 0
}

/// Generates `Bᵀ d B` of neighbouring tiles: planes of dst from rows of src, a vector of channels at a time.
///
/// Lines are computed in pairs that share sums. A pair of lines of `Bᵀ d` is computed for every column of src once:
/// neighbouring tiles overlap by two columns, whose values stay in registers. Then `(Bᵀ d) B` takes the pair's columns,
/// and each result is stored to its plane. For ``WinogradVariant/f4`` a tile and block take 4·12 operations down the
/// columns and 6·12 along the rows, 60 cycles with two units, where the products of 64 channels take 1152.
///
/// Layouts: src rows `[columns, c]`, dst `[plane][tile, c]`.
struct WinogradSrcTransform {
    /// What code is generated for; tiles that see other padding at their sides have other code.
    struct Configuration: Hashable {
        var variant: WinogradVariant
        /// Columns of the tile that lie inside src.
        var insideColumns: Range<Int>
        /// Blocks of src channels.
        var blockCount: Int
        /// Bytes from plane to plane of dst.
        var planeByteCount: Int
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let registers: Registers
    private var variant: WinogradVariant { configuration.variant }

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = WinogradSrcTransform(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let inside = configuration.insideColumns
        let name = "f32_winograd_\(configuration.variant.rawValue)_src_\(inside.lowerBound)to\(inside.upperBound)"
        jit = KernelBuilder(name: name, target: target)
        self.configuration = configuration
        registers = Registers(jit, configuration.variant)
    }

    // MARK: Outline

    private func generate() {
        jit.loop("blocks left", count: configuration.blockCount) { _ in
            for pair in variant.srcPairs { generatePair(pair) }
            for row in 0..<variant.srcExtent {
                jit.advance(registers.row[row], by: loaded("row step", Self.field(\.rowBlockByteCounts) + row * 8))
            }
            jit.advance(registers.dstBlock, by: loaded("block step", Self.field(\.dstBlockByteCount)))
        }
    }

    /// Two lines of `Bᵀ d` and what they become, for all tiles.
    private func generatePair(_ pair: WinogradLinePair) {
        jit.set(registers.tileByteOffset, to: 0)
        jit.set(registers.dstTile, to: registers.dstBlock)
        let shared = variant.srcExtent - variant.dstExtent
        transformColumns(0..<shared, pair)
        jit.loop("tiles left", count: loaded("tiles", Self.field(\.tileCount))) { _ in
            transformColumns(shared..<variant.srcExtent, pair)
            storeRow(registers.column.map(\.first), line: pair.lines.0)
            storeRow(registers.column.map(\.second), line: pair.lines.1)
            for index in 0..<shared {
                jit.copy(registers.column[index].first, registers.column[index + variant.dstExtent].first)
                jit.copy(registers.column[index].second, registers.column[index + variant.dstExtent].second)
            }
            jit.advance(registers.tileByteOffset, by: variant.dstExtent * jit.vectorByteCount)
            jit.advance(registers.dstTile, by: jit.vectorByteCount)
        }
    }

    // MARK: Steps

    /// A pair of lines of `Bᵀ d` for some columns of the tile.
    private func transformColumns(_ columns: Range<Int>, _ pair: WinogradLinePair) {
        var arithmetic = registers.arithmetic
        arithmetic.hold(variant.srcFactors(pair))
        let temporary = jit.floats("temporary")
        for column in columns {
            let (first, second) = registers.column[column]
            if configuration.insideColumns.contains(column) {
                arithmetic.srcLines(pair, first, second, temporary: temporary) { row in
                    .memory(registers.row[row][registers.tileByteOffset, scale: 1, column * jit.vectorByteCount])
                }
            } else {
                jit.set(first, to: 0)
                jit.set(second, to: 0)
            }
        }
    }

    /// One line of `Bᵀ d` times `B`, to its planes.
    private func storeRow(_ columns: [FloatVector], line: Int) {
        let result = (0..<3).map { jit.floats("result[\($0)]") }
        for pair in variant.srcPairs {
            registers.arithmetic.srcLines(pair, result[0], result[1], temporary: result[2]) { .register(columns[$0]) }
            for (value, column) in [(result[0], pair.lines.0), (result[1], pair.lines.1)] {
                let plane = line * variant.srcExtent + column
                jit.store(value, to: registers.dstTile[plane * configuration.planeByteCount])
            }
        }
    }

    // MARK: Arguments

    private static func field(_ path: PartialKeyPath<WinogradSrcArguments>) -> Int {
        MemoryLayout<WinogradSrcArguments>.offset(of: path) ?? .max
    }

    /// A field that is not worth a register of its own: loaded where it is used.
    private func loaded(_ role: String, _ byteOffset: Int) -> IntegerVariable {
        jit.argument(role, at: byteOffset)
    }
}

// MARK: - Registers

extension WinogradSrcTransform {
    /// Every register by its role.
    private struct Registers {
        // Advancing from block to block.
        let row: [IntegerVariable]
        let dstBlock: IntegerVariable
        // Advancing from tile to tile.
        let tileByteOffset: IntegerVariable
        let dstTile: IntegerVariable
        // Vectors: a pair of lines of `Bᵀ d`. What is computed of it takes registers as it comes.
        let column: [(first: FloatVector, second: FloatVector)]
        /// Holds the factors where there are registers enough.
        let arithmetic: WinogradArithmetic

        init(_ jit: KernelBuilder, _ variant: WinogradVariant) {
            row = (0..<variant.srcExtent).map {
                jit.argument("row[\($0)]", at: WinogradSrcTransform.field(\.rows) + $0 * 8)
            }
            dstBlock = jit.argument("dst block", at: WinogradSrcTransform.field(\.dst))
            tileByteOffset = jit.integer("tile offset")
            dstTile = jit.integer("dst tile")
            column = (0..<variant.srcExtent).map {
                (jit.floats("column[\($0), first]"), jit.floats("column[\($0), second]"))
            }
            var arithmetic = WinogradArithmetic(variant, jit)
            if jit.target.vectorRegisterCount >= 32 { arithmetic.hold(variant.srcPairs.flatMap(variant.srcFactors)) }
            self.arithmetic = arithmetic
        }
    }
}
