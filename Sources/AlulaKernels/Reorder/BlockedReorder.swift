// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaTensor

/// A change of layout ready to run: compiled for its descriptor, cut into parts any thread may take.
package struct BlockedReorder: Sendable {
    package let schedule: ReorderSchedule
    /// The kernel of full blocks and that of the last, if that is partly filled.
    private let kernel: ExecutableKernel?
    private let lastKernel: ExecutableKernel?

    private struct Key: Hashable, Sendable {
        let descriptor: ReorderDescriptor
        let channels: Int
    }

    /// Compiles, or takes from `cache`, the kernels for `descriptor`.
    ///
    /// - Parameter target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``ReorderDescriptor/rejection(lanes:)`` gives a reason.
    package init(
        _ descriptor: ReorderDescriptor,
        batch: Int,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let lanes = (target ?? .longest(.avx2)).lanes  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: lanes) { throw .invalidProgram(kernel: "reorder", reason: reason) }
        schedule = ReorderSchedule(descriptor, batch: batch, lanes: lanes)
        func compile(channels: Int) throws(JITError) -> ExecutableKernel? {
            guard channels > 0 else { return nil }
            return try cache.kernel(for: Key(descriptor: descriptor, channels: channels), target: target) { target in
                ReorderGenerator.program(descriptor, channels: channels, target: target)
            }
        }
        kernel = try compile(channels: descriptor.channels < lanes ? 0 : lanes)
        lastKernel = try compile(channels: descriptor.channels % lanes)
    }

    /// What profilers and reports show.
    package var identifier: String { (kernel ?? lastKernel)?.name ?? "" }
    /// Channels in a block.
    package var lanes: Int { schedule.lanes }
    /// Independent parts, for any threads in any order.
    package var partCount: Int { schedule.partCount }

    /// Moves part `part`. The tensors stay alive, and unmodified by others, until it returns.
    ///
    /// - Parameters:
    ///   - planar: `[N, C, …]`; images may be further apart than their elements are many.
    ///   - blocked: `[N, ⌈C/c⌉, …, c]`; likewise.
    package func run(part: Int, planar: Tensor, blocked: Tensor) {
        let operands = ReorderSchedule.Operands(
            planar: Int(bitPattern: planar.address),
            planarImageByteCount: planar.outerStrideElements * 4,
            blocked: Int(bitPattern: blocked.address),
            blockedImageByteCount: blocked.outerStrideElements * 4
        )
        schedule.forEachCall(of: part, operands) { isLast, arguments in
            (isLast ? lastKernel : kernel)?(arguments)
        }
        withExtendedLifetime((planar, blocked)) {}
    }
}
