// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// `ConvTranspose` of float32 in groups of few channels, alone or fused, on planar tensors; with more channels products are quicker
/// (``ConvolutionF32``).
///
/// A part is some rows of dst of one channel. A row is summed phase by phase, in buffers as long as a phase: there, neighbours of
/// dst meet neighbours of src. Then the phases are interleaved and the stages run on the row.
struct TransposedConvolutionF32: Kernel {
    let identifier = "f32_convtranspose_rows__portable"
    private let problem: TransposedProblem
    private let chain: StageChain
    private let split: PartSplit

    /// Channels of a group from which on a product over them is quicker.
    private static let channelLimit = 4

    /// A kernel for `ConvTranspose` of one or two spatial axes in groups of few channels.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let fused = FusedProblem(operation, inputs, outputs),
            let problem = TransposedProblem(operation, inputs: inputs, outputs: outputs), problem.group > 1,
            problem.dstChannels < channelLimit
        else { return nil }
        return TransposedConvolutionF32(problem, fused.chain)
    }

    private init(_ problem: TransposedProblem, _ chain: StageChain) {
        self.problem = problem
        self.chain = chain
        let rows = problem.src[0] * problem.group * problem.dstChannels * problem.dstRows
        let taps = problem.rows.reduce(0) { $0 + $1.taps.count } * problem.weights[3]
        split = PartSplit(count: rows, cost: problem.src[3] * max(1, problem.srcChannels * taps / problem.rows.count))
    }

    var acceptsStridedOutput: Bool { true }
    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let bias = problem.hasBias ? inputs[2] : nil
        let channels = problem.group * problem.dstChannels
        var buffers = problem.columns.map { [Float](repeating: 0, count: $0.window.dstExtent) }
        for number in split.range(part) {
            let (plane, y) = number.quotientAndRemainder(dividingBy: problem.dstRows)
            let (image, channel) = plane.quotientAndRemainder(dividingBy: channels)
            let start = bias?.span(of: Float.self)[channel] ?? 0
            for index in buffers.indices {
                let phase = problem.columns[index]
                for x in buffers[index].indices { buffers[index][x] = start }
                sum(image, channel, y, phase, src.span(of: Float.self), weights.span(of: Float.self), &buffers[index])
            }
            let target = dst.outerRow(image)
            var elements = target.mutableSpan(of: Float.self)
            let first = (channel * problem.dstRows + y) * problem.dstColumns
            var row = elements._mutatingExtracting(first..<(first + problem.dstColumns))
            for (phase, buffer) in buffers.enumerated() {
                for x in buffer.indices { row[phase + x * buffers.count] = buffer[x] }
            }
            chain.apply(
                to: &row,
                startingAt: image * channels * problem.dstRows * problem.dstColumns + first,
                inputs: inputs
            )
        }
    }

    /// Adds all taps of row `y` that meet one phase of its columns.
    private func sum(
        _ image: Int,
        _ channel: Int,
        _ y: Int,
        _ column: TransposedPhase,
        _ src: Span<Float>,
        _ weights: Span<Float>,
        _ buffer: inout [Float]
    ) {
        let row = problem.rows[y % problem.rows.count]
        let window = y / problem.rows.count
        let (group, oc) = channel.quotientAndRemainder(dividingBy: problem.dstChannels)
        let plane = problem.src[2] * problem.src[3]
        for index in 0..<problem.srcChannels where !row.taps.isEmpty {
            let ic = group * problem.srcChannels + index
            let from = (ic * problem.dstChannels + oc) * problem.weights[2] * problem.weights[3]
            for tap in row.window.taps(at: window) {
                let srcRow =
                    (image * problem.src[1] + ic) * plane + row.window.srcIndex(dst: window, tap: tap) * problem.src[3]
                for (place, columnTap) in column.taps.enumerated() {
                    let weight = weights[from + row.taps[tap] * problem.weights[3] + columnTap]
                    let inside = column.window.windows(tap: place)
                    guard !inside.isEmpty else { continue }
                    let first = srcRow + column.window.srcIndex(dst: inside.lowerBound, tap: place)
                    let source = src.extracting(first..<(first + inside.count))
                    var sums = buffer.mutableSpan
                    var target = sums._mutatingExtracting(inside)
                    for x in 0..<source.count { target[x] += weight * source[x] }
                }
            }
        }
    }
}
