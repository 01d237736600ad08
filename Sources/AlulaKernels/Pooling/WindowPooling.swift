// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// A blocked pooling ready to run: compiled for its descriptor, cut into parts any thread may take.
///
/// Inputs: src `[N, C/c, H, W, c]`, then the operands of the epilogue. Output: `[N, C/c, OH, OW, c]`.
package struct WindowPooling: AddressedKernel {
    package let descriptor: PoolingDescriptor
    package let schedule: WindowSchedule
    /// By run of the schedule: its kernel, and the bits of what means are multiplied by for the row.
    private let kernels: [ExecutableKernel]
    private let rowFactors: [Int]
    private var operands: BlockedOperands

    private struct Key: Hashable, Sendable {
        let descriptor: PoolingDescriptor
        let tile: WindowTile
        let run: WindowTiles.Run?
    }

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameters:
    ///   - tile: nil takes the tile with the lowest estimated cost.
    ///   - target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``PoolingDescriptor/rejection(lanes:)`` gives a reason,
    ///   ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` for a tile that does not fit.
    package init(
        _ descriptor: PoolingDescriptor,
        batch: Int,
        tile: WindowTile? = nil,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: vectors.lanes) {
            throw .invalidProgram(kernel: "pooling", reason: reason)
        }
        guard let tile = tile ?? descriptor.rankedTiles(vectors).first?.tile else {
            throw .invalidProgram(kernel: "pooling", reason: "no tile fits \(vectors)")
        }
        self.descriptor = descriptor
        schedule = WindowSchedule(
            rows: descriptor.rows,
            columns: descriptor.columns,
            tile: tile,
            epilogue: descriptor.epilogue,
            lanes: vectors.lanes,
            batch: batch,
            blockCount: descriptor.blockCount(lanes: vectors.lanes),
            countsCells: descriptor.countsCells
        )
        var kernels: [ExecutableKernel] = []
        for run in schedule.rowRuns {
            let key = Key(descriptor: descriptor, tile: tile, run: tile.loopsOverTapRows ? nil : run.pattern)
            kernels.append(
                try cache.kernel(for: key, target: target) { target in
                    PoolingGenerator.program(descriptor, tile: tile, rowRun: run, target: target)
                }
            )
        }
        self.kernels = kernels
        rowFactors = schedule.rowRuns.map { Int((1 / Float(descriptor.elementCount($0, 0))).bitPattern) }
        let output: Shape = [batch, descriptor.channels, descriptor.rows.dstExtent, descriptor.columns.dstExtent]
        operands = BlockedOperands(descriptor.epilogue, output: output, lanes: vectors.lanes)
    }

    package var identifier: String { kernels[kernels.count / 2].name }
    package var partCount: Int { schedule.partCount }
    package var acceptsStridedOutput: Bool { true }
    package var inputsThatMayBeOverwritten: [Int] { operands.inputsThatMayBeOverwritten }
    /// How the walk is cut into tiles.
    package var tile: WindowTile { schedule.tile }

    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        var kernel = self
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        return kernel
    }

    package func run(parts: Range<Int>, operands: KernelOperands) {
        var places = WindowSchedule.Operands(src: operands.input(0), dst: operands.output)
        places.epilogue = self.operands.addresses(operands)
        let kernels = kernels.span
        for part in parts {
            schedule.forEachCall(of: part, places) { run, arguments in
                var arguments = arguments
                arguments.rowFactorBits = rowFactors[run]
                kernels[run](arguments)
            }
        }
    }
}

extension PoolingDescriptor {
    /// The tiles that fit, those with the lowest estimated cycles for a block first.
    package func rankedTiles(_ target: VectorTarget) -> [(tile: WindowTile, cycles: Double)] {
        let demand = WindowTile.Demand(
            rows: rows,
            columns: columns,
            besides: { _ in 1 },
            finishing: max(1, EpilogueEmitter.temporaryVectorCount(epilogue, target: target)),
            weightLoads: { _, _, _ in 0 }
        )
        return WindowTile.ranked(demand, target)
    }
}
