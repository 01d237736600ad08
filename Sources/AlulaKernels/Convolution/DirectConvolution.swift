// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators
package import AlulaTensor

/// A direct convolution ready to run: compiled for its descriptor, cut into parts any thread may take.
package struct DirectConvolution: Sendable {
    package let schedule: DirectConvolutionSchedule
    /// The kernel of full chunks and that of the last, which may be narrower.
    private let kernel: ExecutableKernel
    private let lastKernel: ExecutableKernel
    /// Finds the tiles that are not skipped; nil where none is.
    private let occupiedTiles: OccupiedTiles?

    private struct Key: Hashable, Sendable {
        let descriptor: DirectConvolutionDescriptor
        let tile: DirectConvolutionTile
    }

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameters:
    ///   - tile: nil takes the tile with the lowest estimated cost.
    ///   - target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``DirectConvolutionDescriptor/rejection(lanes:)``
    ///   gives a reason, ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` for a tile that
    ///   does not fit.
    package init(
        _ descriptor: DirectConvolutionDescriptor,
        batch: Int,
        tile: DirectConvolutionTile? = nil,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let vectors = target ?? .longest(.avx2)  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: vectors.lanes) {
            throw .invalidProgram(kernel: "direct convolution", reason: reason)
        }
        let tile = tile ?? .best(descriptor, vectors)
        schedule = DirectConvolutionSchedule(descriptor, batch: batch, tile: tile, lanes: vectors.lanes)
        let descriptor = schedule.descriptor
        func compile(dstBlocks: Int) throws(JITError) -> ExecutableKernel {
            var narrowed = tile
            narrowed.dstBlocks = dstBlocks
            return try cache.kernel(for: Key(descriptor: descriptor, tile: narrowed), target: target) { target in
                DirectConvolutionGenerator.program(descriptor, tile: narrowed, target: target)
            }
        }
        kernel = try compile(dstBlocks: tile.dstBlocks)
        lastKernel = try compile(dstBlocks: schedule.chunks.last ?? tile.dstBlocks)
        occupiedTiles =
            descriptor.skipsEmptyTiles ? try OccupiedTiles(schedule, target: target, cache: cache) : nil
    }

    /// What profilers and reports show.
    package var identifier: String { kernel.name }
    /// Channels in a block.
    package var lanes: Int { schedule.lanes }
    /// The register tile.
    package var tile: DirectConvolutionTile { schedule.tile }
    /// Independent parts, for any threads in any order.
    package var partCount: Int { schedule.partCount }

    /// Computes parts `parts` of the convolution. The tensors stay alive, and unmodified by others, until it returns.
    ///
    /// - Parameters:
    ///   - src: in the descriptor's layout.
    ///   - operands: addresses of the epilogue's operands, which whoever calls keeps alive.
    ///   - dst: `[N, G·OC/c, OH, OW, c]`; may be an operand shaped like it.
    ///   - dstByteOffset: where in dst the first element goes.
    package func run(
        parts: Range<Int>,
        src: Tensor,
        weights: Tensor,
        bias: Tensor?,
        operands: EpilogueArguments = EpilogueArguments(),
        dst: Tensor,
        dstByteOffset: Int = 0
    ) {
        func address(_ tensor: Tensor?) -> Int { tensor.map { Int(bitPattern: $0.address) } ?? 0 }
        var addresses = DirectConvolutionSchedule.Operands(
            src: address(src),
            weights: address(weights),
            bias: address(bias),
            dst: address(dst),
            dstImageByteCount: dst.outerStrideElements * 4
        )
        addresses.epilogue = operands
        addresses.dstByteOffset = dstByteOffset
        run(parts: parts, addresses)
        withExtendedLifetime((src, weights, bias, dst)) {}
    }

    /// Computes parts `parts` of the convolution on memory that stays valid, and unmodified by others, until it returns.
    func run(parts: Range<Int>, _ operands: DirectConvolutionSchedule.Operands) {
        let fullBlocks = tile.dstBlocks
        for part in parts {
            var operands = operands
            let flags = occupiedTiles?.flags(ofPart: part, src: operands.src)
            if let flags { operands.occupied = Int(bitPattern: flags.address) }
            schedule.forEachCall(of: part, operands) { dstBlocks, arguments in
                if dstBlocks == fullBlocks { kernel(arguments) } else { lastKernel(arguments) }
            }
            withExtendedLifetime(flags) {}
        }
    }
}
