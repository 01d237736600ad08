// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaTensor
internal import Synchronization

/// Fills the caches of a team's cores with something else, so that a kernel finds its constants where a network would
/// leave them: beyond the second-level cache.
final class CacheDisplacement: Sendable {
    /// Twice a second-level cache for each thread.
    private let filler: Tensor
    private let threadCount: Int
    /// What was read, so that reading is not left out.
    private let sum = Atomic<UInt64>(0)

    init(threadCount: Int) {
        let level = CPUTopology.current.caches.first { $0.level == 2 }
        let usualByteCount = 2 << 20
        let byteCount = 2 * (level?.byteCount ?? usualByteCount)
        filler = Tensor(zeros: .float32, shape: [threadCount, byteCount / 4])
        self.threadCount = threadCount
    }

    /// Reads the filler on every thread, then `operands`.
    func displaceConstants(keeping operands: [Tensor], on team: WorkerTeam) {
        team.run(parts: threadCount) { part in
            read(filler.outerRow(part))
            for operand in operands where operand.shape.rank > 0 { read(operand) }
        }
    }

    private func read(_ tensor: Tensor) {
        guard tensor.dataType == .float32 else { return }
        let elements = tensor.span(of: Float.self)
        let cacheLineElements = 16
        var sum: UInt64 = 0
        for index in stride(from: 0, to: elements.count, by: cacheLineElements) {
            sum &+= UInt64(elements[index].bitPattern)
        }
        self.sum.wrappingAdd(sum, ordering: .relaxed)
    }
}
