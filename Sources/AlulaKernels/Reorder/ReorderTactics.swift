// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// Changes between planar and blocked layout by generated code.
struct ReorderKernel: Kernel {
    private let reorder: BlockedReorder
    private let direction: ReorderDescriptor.Direction

    /// The one tactic for a ``Reorder`` of float32 whose blocks are vectors of the target.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let operation = problem.operation as? Reorder, let target = problem.target,
            let type = problem.outputs.first, type.dataType == .float32, type.shape.rank >= 2,
            let blocked = problem.blockedLayout
        else { return [] }
        let direction: ReorderDescriptor.Direction
        switch (operation.source, operation.destination) {
        case (.planar, blocked): direction = .toBlocked
        case (blocked, .planar): direction = .toPlanar
        default: return []
        }
        let descriptor = ReorderDescriptor(
            direction,
            channels: type.shape[1],
            positions: type.shape.elementCount(in: 2..<type.shape.rank)
        )
        guard type.shape[0] > 0, descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let bytesPerNanosecond = 5.0  // each byte counted once where it is read and once where it is written
        return [
            KernelTactic(
                "reorder",
                inputLayouts: [operation.source],
                outputLayout: operation.destination,
                estimatedNanoseconds: Double(2 * type.byteCount) / bytesPerNanosecond + 500
            ) {
                ReorderKernel(descriptor, batch: type.shape[0], target)
            }
        ]
    }

    private init?(_ descriptor: ReorderDescriptor, batch: Int, _ target: VectorTarget) {
        do throws(JITError) {
            reorder = try BlockedReorder(descriptor, batch: batch, target: target, cache: .shared)
            direction = descriptor.direction
        } catch {
            assertionFailure("\(error)")  // a square and a mask fit every register file
            return nil
        }
    }

    var identifier: String { reorder.identifier }
    var partCount: Int { reorder.partCount }
    var acceptsStridedOutput: Bool { true }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        switch direction {
        case .toBlocked: reorder.run(part: part, planar: src, blocked: dst)
        case .toPlanar: reorder.run(part: part, planar: dst, blocked: src)
        }
    }
}
