// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// `ConvTranspose`, alone or fused, in blocked layout: one convolution a phase, each to every some rows and columns of dst.
///
/// With stride = kernel a phase has one tap; windows that overlap meet as more taps of fewer phases. All phases pass over a
/// few rows of src before the next rows: src is read from memory once, and the rows of dst they share are written together.
struct BlockedTransposedKernel: AddressedKernel {
    /// The elements of dst that one convolution computes.
    private struct Phase: Sendable {
        let row: TransposedPhase
        let column: TransposedPhase
        let convolution: DirectConvolution
        var weights: HeldConstant?

        var tapCount: Int { row.taps.count * column.taps.count }
    }

    private let problem: TransposedProblem
    private var phases: [Phase] = []
    private var operands: BlockedOperands
    private var bias: HeldConstant?
    let partCount: Int
    /// Parts of each phase, and how many of one follow each other before the next phase has its turn.
    private let phasePartCount: Int
    private static let bandPartCount = 4

    /// - Parameter tile: fits all phases.
    init(
        _ problem: TransposedProblem,
        _ epilogue: Epilogue,
        tile: DirectConvolutionTile,
        target: VectorTarget
    ) throws(JITError) {
        self.problem = problem
        operands = BlockedOperands(epilogue, output: problem.dst, lanes: target.lanes)
        for row in problem.rows {
            for column in problem.columns {
                let convolution = try DirectConvolution(
                    problem.descriptor(row, column, epilogue),
                    batch: problem.src[0],
                    tile: tile,
                    target: target,
                    cache: .shared
                )
                phases.append(Phase(row: row, column: column, convolution: convolution))
            }
        }
        phasePartCount = phases.map(\.convolution.partCount).max() ?? 0
        partCount = phases.count * phasePartCount
    }

    var identifier: String { phases.max { $0.tapCount < $1.tapCount }?.convolution.identifier ?? "" }
    var acceptsStridedOutput: Bool { true }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        guard let source = constants[1] else { return self }
        var kernel = self
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        for (index, phase) in phases.enumerated() {
            let convolution = phase.convolution
            let (descriptor, tile, lanes) = (convolution.schedule.descriptor, convolution.tile, convolution.lanes)
            let packing = Packing(row: phase.row, column: phase.column, dstBlocks: tile.dstBlocks, lanes: lanes)
            kernel.phases[index].weights = HeldConstant(
                packed.tensor(source, as: packing) { weights in
                    let chosen = problem.weights(phase.row, phase.column, of: weights)
                    return descriptor.packedWeights(chosen, tile: tile, lanes: lanes)
                }
            )
        }
        if problem.hasBias, let convolution = phases.first?.convolution {
            let (descriptor, lanes) = (convolution.schedule.descriptor, convolution.lanes)
            kernel.bias = constants[2].map { bias in
                HeldConstant(
                    packed.tensor(bias, as: BiasPacking(group: problem.group, lanes: lanes)) {
                        descriptor.packedBias($0, lanes: lanes)
                    }
                )
            }
        }
        return kernel
    }

    /// What packed weights depend on besides their content.
    private struct Packing: Hashable, Sendable {
        let row: TransposedPhase
        let column: TransposedPhase
        let dstBlocks: Int
        let lanes: Int
    }

    private struct BiasPacking: Hashable, Sendable {
        let group: Int
        let lanes: Int
    }

    func run(parts: Range<Int>, operands: KernelOperands) {
        var addresses = DirectConvolutionSchedule.Operands(
            src: operands.input(0).address,
            weights: 0,
            bias: bias?.address ?? 0,
            dst: operands.output.address,
            dstImageByteCount: operands.output.outerStrideElements * 4,
            epilogue: self.operands.addresses(operands)
        )
        var part = parts.lowerBound
        while part < parts.upperBound {
            let (band, place) = part.quotientAndRemainder(dividingBy: phases.count * Self.bandPartCount)
            let first = band * Self.bandPartCount
            let count = min(Self.bandPartCount, phasePartCount - first)
            let (index, offset) = place.quotientAndRemainder(dividingBy: count)
            let some = (first + offset)..<(first + min(count, offset + parts.upperBound - part))
            part += some.count
            let phase = phases[index]
            let convolution = phase.convolution
            // Phases of fewer taps may fall into fewer parts.
            let own = some.clamped(to: 0..<convolution.partCount)
            guard !own.isEmpty, let weights = phase.weights else { continue }
            let lanes = convolution.lanes
            let rowByteCount = convolution.schedule.descriptor.dstRowByteCount(lanes: lanes)
            addresses.weights = weights.address
            addresses.dstByteOffset = phase.row.phase * rowByteCount + phase.column.phase * lanes * 4
            convolution.run(parts: own, addresses)
        }
    }
}

/// The tactics of transposed convolutions in blocked layout.
enum TransposedTactics {
    /// A few register tiles; none where weights or bias are not known beforehand, or phases differ in extent.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let layout = problem.blockedLayout,
            let transposed = TransposedProblem(problem.operation, inputs: problem.inputs, outputs: problem.outputs),
            transposed.hasEvenPhases, problem.isConstant(1), !transposed.hasBias || problem.isConstant(2),
            let epilogue = Epilogue(blocked: transposed.stages, problem)
        else { return [] }
        let descriptors = transposed.rows.flatMap { row in
            transposed.columns.map { transposed.descriptor(row, $0, epilogue) }
        }
        guard descriptors.allSatisfy({ $0.rejection(lanes: target.lanes) == nil }) else { return [] }
        return ranked(descriptors, target).prefix(4).map { tile, cycles in
            KernelTactic(
                "transposed \(tile.dstBlocks)x\(tile.width)",
                inputLayouts: epilogue.inputLayouts([layout], problem),
                outputLayout: layout,
                estimatedNanoseconds: cycles * Double(transposed.src[0]) / ConvolutionTactics.cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    return try BlockedTransposedKernel(transposed, epilogue, tile: tile, target: target)
                } catch {
                    assertionFailure("\(error)")  // the tile was chosen to fit
                    return nil
                }
            }
        }
    }

    /// The tiles that fit all phases, those with the lowest cycles for an image first.
    private static func ranked(
        _ descriptors: [DirectConvolutionDescriptor],
        _ target: VectorTarget
    ) -> [(tile: DirectConvolutionTile, cycles: Double)] {
        var totals: [DirectConvolutionTile: (count: Int, cycles: Double)] = [:]
        var order: [DirectConvolutionTile] = []
        for descriptor in descriptors {
            for (tile, cycles) in DirectConvolutionTile.ranked(descriptor, target) {
                if totals[tile] == nil { order.append(tile) }
                let known = totals[tile] ?? (0, 0)
                totals[tile] = (known.count + 1, known.cycles + cycles)
            }
        }
        return order.enumerated()
            .compactMap { index, tile in
                totals[tile].flatMap { $0.count == descriptors.count ? (index, tile, $0.cycles) : nil }
            }
            .sorted { ($0.2, $0.0) < ($1.2, $1.0) }
            .map { ($0.1, $0.2) }
    }
}
