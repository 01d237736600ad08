// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// A blocked depthwise convolution ready to run: compiled for its descriptor, cut into parts any thread may take.
///
/// Inputs: src `[N, C/c, H, W, c]`, weights `[C, 1, KH, KW]` and bias `[C]` known beforehand, then the operands of the
/// epilogue. Output: `[N, C/c, OH, OW, c]`.
package struct DepthwiseConvolution: AddressedKernel {
    package let descriptor: DepthwiseDescriptor
    package let schedule: WindowSchedule
    /// By run of the schedule.
    private let kernels: [ExecutableKernel]
    private var operands: BlockedOperands
    private var weights: HeldConstant?
    private var bias: HeldConstant?

    private struct Key: Hashable, Sendable {
        let descriptor: DepthwiseDescriptor
        let tile: WindowTile
        let run: WindowTiles.Run?
    }

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameters:
    ///   - tile: nil takes the tile with the lowest estimated cost.
    ///   - target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``DepthwiseDescriptor/rejection(lanes:)`` gives a
    ///   reason, ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` for a tile that does not
    ///   fit.
    package init(
        _ descriptor: DepthwiseDescriptor,
        batch: Int,
        tile: WindowTile? = nil,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: vectors.lanes) {
            throw .invalidProgram(kernel: "depthwise convolution", reason: reason)
        }
        guard let tile = tile ?? descriptor.rankedTiles(vectors).first?.tile else {
            throw .invalidProgram(kernel: "depthwise convolution", reason: "no tile fits \(vectors)")
        }
        self.descriptor = descriptor
        schedule = WindowSchedule(
            rows: descriptor.rows,
            columns: descriptor.columns,
            tile: tile,
            epilogue: descriptor.epilogue,
            lanes: vectors.lanes,
            batch: batch,
            blockCount: descriptor.blockCount(lanes: vectors.lanes)
        )
        var kernels: [ExecutableKernel] = []
        for run in schedule.rowRuns {
            let key = Key(descriptor: descriptor, tile: tile, run: tile.loopsOverTapRows ? nil : run.pattern)
            kernels.append(
                try cache.kernel(for: key, target: target) { target in
                    DepthwiseGenerator.program(descriptor, tile: tile, rowRun: run, target: target)
                }
            )
        }
        self.kernels = kernels
        let output: Shape = [batch, descriptor.channels, descriptor.rows.dstExtent, descriptor.columns.dstExtent]
        operands = BlockedOperands(descriptor.epilogue, output: output, lanes: vectors.lanes)
    }

    package var identifier: String { kernels[kernels.count / 2].name }
    package var partCount: Int { schedule.partCount }
    package var acceptsStridedOutput: Bool { true }
    package var inputsThatMayBeOverwritten: [Int] { operands.inputsThatMayBeOverwritten }
    /// How the walk is cut into tiles.
    package var tile: WindowTile { schedule.tile }

    // MARK: - Constants

    private struct Packing: Hashable, Sendable {
        let lanes: Int
        let tapCount: Int
    }

    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        var kernel = self
        let lanes = schedule.lanes
        kernel.weights = constants[1].map { weights in
            HeldConstant(
                packed.tensor(weights, as: Packing(lanes: lanes, tapCount: descriptor.tapCount)) {
                    Self.packed($0, channels: descriptor.channels, perChannel: descriptor.tapCount, lanes: lanes)
                }
            )
        }
        if descriptor.hasBias {
            kernel.bias = constants[2].map { bias in
                HeldConstant(
                    packed.tensor(bias, as: Packing(lanes: lanes, tapCount: 1)) {
                        Self.packed($0, channels: descriptor.channels, perChannel: 1, lanes: lanes)
                    }
                )
            }
        }
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        return kernel
    }

    /// `[C, perChannel]` as `[C/c, perChannel, c]`, zero behind the last channel.
    private static func packed(_ tensor: Tensor, channels: Int, perChannel: Int, lanes: Int) -> Tensor {
        BlockedLayout(lanes: lanes).blocked(tensor.reshaped(to: [1, channels, 1, perChannel]))
    }

    // MARK: - Running

    package func run(parts: Range<Int>, operands: KernelOperands) {
        guard let weights = weights?.address else { return }
        var places = WindowSchedule.Operands(src: operands.input(0), dst: operands.output)
        places.weights = weights
        places.bias = bias?.address ?? 0
        places.epilogue = self.operands.addresses(operands)
        let kernels = kernels.span
        for part in parts {
            schedule.forEachCall(of: part, places) { run, arguments in kernels[run](arguments) }
        }
    }
}

extension DepthwiseDescriptor {
    /// The tiles that fit, those with the lowest estimated cycles for a block first.
    package func rankedTiles(_ target: VectorTarget) -> [(tile: WindowTile, cycles: Double)] {
        let demand = WindowTile.Demand(
            rows: rows,
            columns: columns,
            besides: { tile in
                switch DepthwiseGenerator.residence(self, tile, target) {
                case .block: 1 + tapCount
                case .tapRow: 1 + DepthwiseGenerator.tapRowCount(self, tile) * columns.kernelExtent
                case .memory: 1
                }
            },
            finishing: EpilogueEmitter.temporaryVectorCount(epilogue, target: target),
            weightLoads: { tile, tapRowCount, combinationCount in
                switch DepthwiseGenerator.residence(self, tile, target) {
                case .block: 0
                case .tapRow: tapRowCount * columns.kernelExtent
                case .memory: combinationCount
                }
            }
        )
        return WindowTile.ranked(demand, target)
    }
}
