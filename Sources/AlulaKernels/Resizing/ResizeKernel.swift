// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor

/// `Resize` of height and width, planar or blocked, with any interpolation of few taps, in generated code.
///
/// Rows are mixed into a buffer that stays in the first-level cache, then columns are picked from it. Where a row of dst is one of
/// src, nothing is mixed. Taps of weight zero count, so that they make NaN of what is infinite.
struct ResizeKernel: Kernel {
    private let problem: ResizeProblem
    private let mixing: ExecutableKernel
    /// Nil where columns stay as they are.
    private let picking: ExecutableKernel?
    private let rows: ResizeRows
    private let columns: ResizeColumns
    private let split: PartSplit

    var identifier: String { (picking ?? mixing).name }
    var partCount: Int { split.partCount }
    var acceptsStridedOutput: Bool { true }

    private init(_ problem: ResizeProblem, target: VectorTarget) throws(JITError) {
        self.problem = problem
        rows = ResizeRows(problem.rows)
        columns = ResizeColumns(problem.columns, lanes: target.lanes, isBlocked: problem.isBlocked)
        let mix = ResizeGenerator.Configuration(step: .mixRows, tapCount: problem.rows.tapCount)
        let pick = ResizeGenerator.Configuration(
            step: problem.isBlocked ? .pickBlockedColumns : .pickPlanarColumns,
            tapCount: problem.columns.tapCount,
            isCopy: problem.columns.tapCount == 1,
            tapStrideElements: problem.isBlocked ? 0 : columns.strideElements
        )
        func compile(_ configuration: ResizeGenerator.Configuration) throws(JITError) -> ExecutableKernel {
            try CodeCache.shared.kernel(for: configuration, target: target) { target in
                ResizeGenerator.program(configuration, target: target)
            }
        }
        mixing = try compile(mix)
        picking = problem.columns.isIdentity ? nil : try compile(pick)
        split = PartSplit(count: problem.planeCount * problem.rows.dstExtent, cost: problem.dstRowLength)
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        ThreadScratch.with(byteCount: problem.srcRowLength * 4) { buffer in
            var last: (row: Int, address: Int)?
            for number in split.range(part) {
                let (plane, row) = number.quotientAndRemainder(dividingBy: problem.rows.dstExtent)
                let (image, planeOfImage) = plane.quotientAndRemainder(dividingBy: problem.planesPerImage)
                let elements =
                    image * dst.outerStrideElements
                    + (planeOfImage * problem.rows.dstExtent + row) * problem.dstRowLength
                let target = Int(bitPattern: dst.address) + elements * 4
                let source = Int(bitPattern: src.address) + plane * problem.rows.srcExtent * problem.srcRowLength * 4
                if let last, row > 0, last.row == number - 1, picking != nil, rows.areEqual(row - 1, row) {
                    let place = target - Int(bitPattern: dst.address)
                    dst.copyBytes(
                        at: place,
                        from: dst,
                        at: last.address - Int(bitPattern: dst.address),
                        byteCount: problem.dstRowLength * 4
                    )
                } else {
                    emit(row, from: source, to: target, buffer: buffer)
                }
                last = (number, target)
            }
        }
        withExtendedLifetime((src, dst)) {}
    }

    /// Makes row `row` of dst, at `target`, from the plane at `source`.
    private func emit(_ row: Int, from source: Int, to target: Int, buffer: Int) {
        let rowByteCount = problem.srcRowLength * 4
        var origin = buffer
        if let only = rows.only(row), picking != nil {
            origin = source + only * rowByteCount
        } else {
            var arguments = ResizeArguments()
            arguments.dst = picking == nil ? target : buffer
            arguments.count = problem.srcRowLength
            arguments.weights = rows.weights(row)
            for tap in 0..<problem.rows.tapCount {
                arguments.rows[tap] = source + rows.source(row, tap) * rowByteCount
            }
            mixing(arguments)
        }
        guard let picking else { return }
        var arguments = ResizeArguments()
        arguments.src = origin
        arguments.dst = target
        arguments.count = problem.columns.dstExtent
        arguments.weights = Int(bitPattern: columns.weights.address)
        arguments.places = Int(bitPattern: columns.places.address)
        picking(arguments)
    }

    // MARK: Tactics

    /// A tactic for planar and one for blocked tensors; none where other axes than height and width change, where src is read
    /// outside, or for many taps.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target else { return [] }
        let bytesPerNanosecond = 6.0
        return [TensorLayout.planar, .blocked(lanes: target.lanes)].compactMap { layout in
            guard let resizing = ResizeProblem(problem, layout) else { return nil }
            let byteCount = (problem.inputs[0]?.byteCount ?? 0) + problem.outputs[0].byteCount
            let gathers = resizing.isBlocked ? 1.0 : 1.3
            return KernelTactic(
                resizing.isBlocked ? "resize blocked" : "resize",
                inputLayouts: [layout],
                outputLayout: layout,
                estimatedNanoseconds: Double(byteCount) * gathers / bytesPerNanosecond + 300
            ) { try? ResizeKernel(resizing, target: target) }
        }
    }
}
