// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Depthwise convolution, one src and one or more dst channels a group, tap by tap over dst rows that stay in L1.
struct DepthwiseF32: Kernel {
    let identifier: String
    private let rows: WindowAxis
    private let columns: WindowAxis
    private let srcChannels: Int
    private let dstChannels: Int
    private let hasBias: Bool
    private let chain: StageChain
    private let split: PartSplit

    /// A kernel for `Conv` over one or two axes with as many groups as src channels.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let problem = FusedProblem(operation, inputs, outputs), let conv = problem.producer as? Conv,
            let src = problem.floatInput(0), let weights = problem.floatInput(1), (3...4).contains(src.rank),
            src[1] == conv.group, problem.output.shape.elementCount > 0, src.elementCount > 0,
            let geometry = try? conv.geometry(src: src, weights: weights).padded(to: 2),
            problem.inputs.count < 3 || problem.inputs[2] == nil || problem.floatInput(2) != nil
        else { return nil }
        return DepthwiseF32(problem, geometry, src)
    }

    private init(_ problem: FusedProblem, _ geometry: WindowGeometry, _ src: Shape) {
        rows = geometry.axes[0]
        columns = geometry.axes[1]
        srcChannels = src[1]
        dstChannels = problem.output.shape[1]
        hasBias = problem.floatInput(2) != nil
        chain = problem.chain
        split = PartSplit(
            count: src[0] * dstChannels,
            cost: geometry.dstElementCount * geometry.kernelElementCount
        )
        let kernel = "\(rows.kernelExtent)x\(columns.kernelExtent)"
        identifier = "f32_depthwise\(kernel)\(chain.isEmpty ? "" : "_stages")__portable"
    }

    var acceptsStridedOutput: Bool { true }
    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let source = src.span(of: Float.self)
        let kernels = weights.span(of: Float.self)
        let (srcPlane, kernelCount) = (rows.srcExtent * columns.srcExtent, rows.kernelExtent * columns.kernelExtent)
        let dstPlane = rows.dstExtent * columns.dstExtent
        let bias = hasBias ? inputs[2] : nil
        for index in split.range(part) {
            let (image, channel) = index.quotientAndRemainder(dividingBy: dstChannels)
            let plane = image * srcChannels + channel / (dstChannels / srcChannels)
            let target = dst.outerRow(image)
            var elements = target.mutableSpan(of: Float.self)
            var result = elements._mutatingExtracting((channel * dstPlane)..<((channel + 1) * dstPlane))
            convolve(
                source.extracting((plane * srcPlane)..<((plane + 1) * srcPlane)),
                kernels.extracting((channel * kernelCount)..<((channel + 1) * kernelCount)),
                bias: bias?.span(of: Float.self)[channel] ?? 0,
                into: &result
            )
            chain.apply(to: &result, startingAt: index * dstPlane, inputs: inputs)
        }
    }

    private func convolve(
        _ src: Span<Float>,
        _ kernel: Span<Float>,
        bias: Float,
        into plane: inout MutableSpan<Float>
    ) {
        for y in 0..<rows.dstExtent {
            var row = plane._mutatingExtracting((y * columns.dstExtent)..<((y + 1) * columns.dstExtent))
            for index in 0..<row.count { row[index] = bias }
            for tapRow in rows.taps(at: y) {
                let srcRow = rows.srcIndex(dst: y, tap: tapRow) * columns.srcExtent
                let source = src.extracting(srcRow..<(srcRow + columns.srcExtent))
                for tap in 0..<columns.kernelExtent {
                    let windows = columns.windows(tap: tap)
                    guard !windows.isEmpty else { continue }
                    let first = columns.srcIndex(dst: windows.lowerBound, tap: tap)
                    var target = row._mutatingExtracting(windows)
                    let weight = kernel[tapRow * columns.kernelExtent + tap]
                    source.forEachStrided(from: first, step: columns.stride, into: &target) { $0 + weight * $1 }
                }
            }
        }
    }
}

extension Span<Float> {
    /// `target[i] = combine(target[i], self[first + i · step])` for every element of `target`.
    @inline(__always)
    func forEachStrided(
        from first: Int,
        step: Int,
        into target: inout MutableSpan<Float>,
        _ combine: (Float, Float) -> Float
    ) {
        let count = target.count
        if step == 1 {
            let source = extracting(first..<(first + count))
            for index in 0..<count { target[index] = combine(target[index], source[index]) }
        } else {
            for index in 0..<count { target[index] = combine(target[index], self[first + index * step]) }
        }
    }
}
