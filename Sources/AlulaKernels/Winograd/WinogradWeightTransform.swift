// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields the weight transform reads; one call transforms one block of dst channels for all src channels.
struct WinogradWeightArguments: BitwiseCopyable {
    /// The block's first filter.
    var weights = 0
    /// The place of the block's vector for plane 0 and src channel 0.
    var dst = 0
    /// Dst channels in the block; lanes behind them become zero.
    var laneCount = 0
}

/// Generates `G g Gᵀ` of 3×3 filters in single precision, one lane a dst channel.
///
/// The nine taps of a vector's filters are gathered; columns are transformed first and wait in the planes they will be
/// overwritten in. Layouts: weights `[OC, IC, 3, 3]`, dst `[plane, IC, blocks of the panel, c]`.
struct WinogradWeightTransform {
    /// What code is generated for.
    struct Configuration: Hashable {
        var variant: WinogradVariant
        var srcChannels: Int
        /// Blocks of dst channels in the panel.
        var dstBlocks: Int
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let registers: Registers
    private var variant: WinogradVariant { configuration.variant }

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = WinogradWeightTransform(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_winograd_\(configuration.variant.rawValue)_weights", target: target)
        self.configuration = configuration
        registers = Registers(jit, configuration.variant)
    }

    // MARK: Outline

    private func generate() {
        jit.laneIndex(registers.filter)
        jit.multiply(registers.filter, registers.filter, Int32(configuration.srcChannels * Self.tapCount))
        jit.lanesBelow(registers.dstChannels, jit.argument("lanes", at: Self.field(\.laneCount)))
        jit.loop("src channels left", count: configuration.srcChannels) { _ in
            for column in 0..<3 { transformColumn(column) }
            for row in 0..<variant.srcExtent { transformRow(row) }
            jit.advance(registers.weights, by: Self.tapCount * 4)
            jit.advance(registers.dst, by: configuration.dstBlocks * jit.vectorByteCount)
        }
    }

    // MARK: Steps

    private static let tapCount = 9

    /// Column `column` of `G g`.
    private func transformColumn(_ column: Int) {
        for row in 0..<3 {
            jit.set(registers.tap, to: registers.weights)
            jit.advance(registers.tap, by: (row * 3 + column) * 4)
            jit.gather(registers.line[row], from: registers.tap, registers.filter, where: registers.dstChannels)
        }
        transformLine()
        for row in 0..<variant.srcExtent { jit.store(registers.result[row], to: plane(row, column)) }
    }

    /// Row `row` of `(G g) Gᵀ`.
    private func transformRow(_ row: Int) {
        for column in 0..<3 { jit.load(registers.line[column], from: plane(row, column)) }
        transformLine()
        for column in 0..<variant.srcExtent { jit.store(registers.result[column], to: plane(row, column)) }
    }

    private func transformLine() {
        WinogradArithmetic(variant, jit)
            .weightLines(registers.result, temporary: registers.temporary, registers.line)
    }

    private func plane(_ row: Int, _ column: Int) -> MemoryReference {
        let plane = row * variant.srcExtent + column
        return registers.dst[plane * configuration.srcChannels * configuration.dstBlocks * jit.vectorByteCount]
    }

    private static func field(_ path: PartialKeyPath<WinogradWeightArguments>) -> Int {
        MemoryLayout<WinogradWeightArguments>.offset(of: path) ?? .max
    }
}

// MARK: - Registers

extension WinogradWeightTransform {
    /// Every register by its role.
    private struct Registers {
        // Advancing from src channel to src channel.
        let weights: IntegerVariable
        let dst: IntegerVariable
        let tap: IntegerVariable
        // Constant: elements from the first filter to each lane's, and the lanes that have one.
        let filter: IntegerVector
        let dstChannels: LaneMask
        // Vectors of the line being transformed.
        let line: [FloatVector]
        let result: [FloatVector]
        let temporary: FloatVector

        init(_ jit: KernelBuilder, _ variant: WinogradVariant) {
            weights = jit.argument("weights", at: WinogradWeightTransform.field(\.weights))
            dst = jit.argument("dst", at: WinogradWeightTransform.field(\.dst))
            tap = jit.integer("tap")
            filter = jit.integers("filter")
            dstChannels = jit.mask("dst channels")
            line = (0..<3).map { jit.floats("line[\($0)]") }
            result = (0..<variant.srcExtent).map { jit.floats("result[\($0)]") }
            temporary = jit.floats("temporary")
        }
    }
}
