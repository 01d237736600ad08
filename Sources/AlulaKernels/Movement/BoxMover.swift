// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaTensor

/// A move ready to run: compiled for its loops, cut into parts any thread may take.
package struct BoxMover: Sendable {
    private let body: Body
    /// What profilers and reports show.
    package let identifier: String
    /// Independent parts, for any threads in any order.
    package let partCount: Int

    private enum Body: Sendable {
        case generated(ExecutableKernel, MoveSchedule)
        /// Bytes in a row on both sides.
        case copied(byteCount: Int, dst: Int, src: Int, PartSplit)
        case elementwise(BoxMove, PartSplit)
    }

    /// Compiles, or takes from `cache`, the code for `move`.
    ///
    /// - Parameters:
    ///   - elementByteCount: bytes of one element as `move` counts them.
    ///   - target: nil moves element by element.
    package init(_ move: BoxMove, elementByteCount: Int, target: VectorTarget?, cache: CodeCache) {
        if move.axes.isEmpty || move.axes.count == 1 && move.axes[0].dst == 1 && move.axes[0].src == 1 {
            let byteCount = move.elementCount * elementByteCount
            let split = PartSplit(count: (byteCount + Self.lineByteCount - 1) / Self.lineByteCount, cost: 16)
            body = .copied(
                byteCount: byteCount,
                dst: move.dstStart * elementByteCount,
                src: move.srcStart * elementByteCount,
                split
            )
            (identifier, partCount) = ("b\(8 * elementByteCount)_move_run", split.partCount)
            return
        }
        if let target, let words = move.inWords(ofElementByteCount: elementByteCount),
            let schedule = MoveSchedule(words, lanes: target.lanes),
            let kernel = try? cache.kernel(
                for: schedule.descriptor,
                target: target,
                generate: { target throws(JITError) in MoveGenerator.program(schedule.descriptor, target: target) }
            )
        {
            body = .generated(kernel, schedule)
            (identifier, partCount) = (kernel.name, schedule.partCount)
            return
        }
        let split = PartSplit(count: move.axes[0].extent, cost: move.elementCount / move.axes[0].extent)
        body = .elementwise(move, split)
        (identifier, partCount) = ("b\(8 * elementByteCount)_move_elements__portable", split.partCount)
    }

    private static let lineByteCount = 64

    /// Moves part `part`. The tensors stay alive, and unmodified by others, until it returns.
    ///
    /// Only element widths of the tensors count, and where they start: the move was made for how their elements lie.
    package func run(part: Int, from src: Tensor, to dst: Tensor) {
        switch body {
        case .generated(let kernel, let schedule):
            let addresses = (src: Int(bitPattern: src.address), dst: Int(bitPattern: dst.address))
            schedule.forEachCall(of: part, src: addresses.src, dst: addresses.dst) { kernel($0) }
            withExtendedLifetime((src, dst)) {}
        case .copied(let byteCount, let dstStart, let srcStart, let split):
            let lines = split.range(part)
            let range = lines.lowerBound * Self.lineByteCount..<min(byteCount, lines.upperBound * Self.lineByteCount)
            dst.copyBytes(
                at: dstStart + range.lowerBound,
                from: src,
                at: srcStart + range.lowerBound,
                byteCount: range.count
            )
        case .elementwise(let move, let split):
            let range = split.range(part)
            let first = move.axes[0]
            dst.flattened.copyBox(
                [range.count] + move.axes.dropFirst().map(\.extent),
                at: BoxSteps(start: move.dstStart + range.lowerBound * first.dst, move.axes.map(\.dst)),
                from: src.flattened,
                at: BoxSteps(start: move.srcStart + range.lowerBound * first.src, move.axes.map(\.src))
            )
        }
    }
}
