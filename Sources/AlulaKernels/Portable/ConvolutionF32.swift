// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Convolution and transposed convolution over one or two spatial axes as gathered matrix products, four output channels
/// by eight pixels a tile.
///
/// A convolution is one ``GatherPhase``; a transposed one has `stride` phases an axis, each with the taps that reach its
/// pixels, so that no product with an inserted zero is computed.
struct ConvolutionF32: Kernel {
    let identifier: String
    private let phases: [GatherPhase]
    private let isTransposed: Bool
    private let batch: Int
    private let group: Int
    /// Channels of src and dst in one group.
    private let srcChannels: Int
    private let dstChannels: Int
    private let kernelElementCount: Int
    private let kernelWidth: Int
    private let srcPlane: Int
    private let dstExtents: (height: Int, width: Int)
    private let chain: StageChain
    /// Rows of every phase's grid, and how they and the output channels are split into parts.
    private let gridRows: Int
    private let rowsPerPart: Int
    private let channelsPerPart: Int
    /// Whether input 2 is the bias; with stages it may be a stage's operand.
    private let hasBias: Bool

    /// A kernel for `Conv` or `ConvTranspose`, alone or fused; nil for other operators, types and ranks.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let problem = FusedProblem(operation, inputs, outputs), let src = problem.floatInput(0),
            let weights = problem.floatInput(1), (3...4).contains(src.rank), src.elementCount > 0,
            problem.output.shape.elementCount > 0,
            problem.inputs.count < 3 || problem.inputs[2] == nil || problem.floatInput(2) != nil
        else { return nil }
        if let op = problem.producer as? Conv, let geometry = try? op.geometry(src: src, weights: weights) {
            return ConvolutionF32(problem, src, weights, geometry.padded(to: 2), group: op.group, isTransposed: false)
        }
        if let op = problem.producer as? ConvTranspose, let geometry = try? op.geometry(src: src, weights: weights) {
            return ConvolutionF32(problem, src, weights, geometry.padded(to: 2), group: op.group, isTransposed: true)
        }
        return nil
    }

    private init(
        _ problem: FusedProblem,
        _ src: Shape,
        _ weights: Shape,
        _ geometry: WindowGeometry,
        group: Int,
        isTransposed: Bool
    ) {
        let (rows, columns) = (geometry.axes[0], geometry.axes[1])
        self.isTransposed = isTransposed
        self.group = group
        batch = src[0]
        srcChannels = src[1] / group
        dstChannels = problem.output.shape[1] / group
        kernelElementCount = geometry.kernelElementCount
        kernelWidth = columns.kernelExtent
        chain = problem.chain
        hasBias = problem.floatInput(2) != nil
        if isTransposed {
            srcPlane = geometry.dstElementCount
            dstExtents = (rows.srcExtent, columns.srcExtent)
            phases = (0..<rows.stride).flatMap { y in
                (0..<columns.stride).map { x in
                    GatherPhase(
                        rows: GatherAxis(transposed: rows, phase: y),
                        columns: GatherAxis(transposed: columns, phase: x)
                    )
                }
            }
        } else {
            srcPlane = geometry.srcElementCount
            dstExtents = (rows.dstExtent, columns.dstExtent)
            phases = [
                GatherPhase(rows: GatherAxis(convolution: rows), columns: GatherAxis(convolution: columns))
            ]
        }
        gridRows = phases.map(\.rows.gridExtent).max() ?? 0
        let images = batch * group
        // Enough parts for a few threads; more would gather the same pixels or read the same weights more often.
        let rowParts = max(1, min(gridRows, 16 / min(images, 16)))
        rowsPerPart = (gridRows + rowParts - 1) / rowParts
        let channelParts = max(1, min(dstChannels / 16, 4 / (images * ((gridRows + rowsPerPart - 1) / rowsPerPart))))
        channelsPerPart = (dstChannels + channelParts - 1) / channelParts
        let name = isTransposed ? "convtranspose" : "conv"
        let kernel = "\(rows.kernelExtent)x\(columns.kernelExtent)"
        identifier = "f32_\(name)\(kernel)_4x8\(chain.isEmpty ? "" : "_stages")__portable"
    }

    var acceptsStridedOutput: Bool { true }

    private var rowPartCount: Int { (gridRows + rowsPerPart - 1) / rowsPerPart }
    private var channelPartCount: Int { (dstChannels + channelsPerPart - 1) / channelsPerPart }

    var partCount: Int { batch * group * rowPartCount * channelPartCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let (rest, channelPart) = part.quotientAndRemainder(dividingBy: channelPartCount)
        let (block, rowPart) = rest.quotientAndRemainder(dividingBy: rowPartCount)
        let (image, groupIndex) = block.quotientAndRemainder(dividingBy: group)
        let task = Task(
            image: image,
            group: groupIndex,
            rows: (rowPart * rowsPerPart)..<min((rowPart + 1) * rowsPerPart, gridRows),
            channels: (channelPart * channelsPerPart)..<min((channelPart + 1) * channelsPerPart, dstChannels)
        )
        let bias = hasBias ? inputs[2] : nil
        for phase in phases { run(phase, task, src, weights, bias, dst, inputs) }
        if isTransposed { finish(task, dst, inputs) }
    }

    // MARK: - One part

    /// What one part computes: dst rows (of every phase's grid) and channels of one group of one image.
    private struct Task {
        var image: Int
        var group: Int
        var rows: Range<Int>
        var channels: Range<Int>
    }

    /// Computes all pixels of one phase, 64 at a time.
    private func run(
        _ phase: GatherPhase,
        _ task: Task,
        _ src: Tensor,
        _ weights: Tensor,
        _ bias: Tensor?,
        _ dst: Tensor,
        _ inputs: [Tensor?]
    ) {
        let width = phase.columns.gridExtent
        let rows = task.rows.clamped(to: 0..<phase.rows.gridExtent)
        guard !rows.isEmpty, width > 0 else { return }
        let image = src.span(of: Float.self)
        let firstPlane = (task.image * group + task.group) * srcChannels
        let planes = image.extracting((firstPlane * srcPlane)..<((firstPlane + srcChannels) * srcPlane))
        var panels = GatheredPanels(phase, channels: srcChannels)
        let packed = isTransposed ? packTransposed(weights, phase, task) : []
        let kernel = isTransposed ? packed.span : weights.span(of: Float.self)
        let firstRow = isTransposed ? task.channels.lowerBound : -task.group * dstChannels
        let starts = task.channels.map { bias?.span(of: Float.self)[task.group * dstChannels + $0] ?? 0 }
        var pixel = rows.lowerBound * width
        let end = rows.upperBound * width
        while pixel < end {
            let count = min(gatheredPixelCount, end - pixel)
            panels.gather(src: planes, planeLength: srcPlane, first: pixel, count: count, dstWidth: dstExtents.width)
            for channel in stride(from: task.channels.lowerBound, to: task.channels.upperBound, by: 4) {
                let tile = Tile(
                    channel: channel,
                    channelCount: min(4, task.channels.upperBound - channel),
                    firstRow: channel - firstRow,
                    pixel: pixel,
                    pixelCount: count
                )
                let index = channel - task.channels.lowerBound
                let start = SIMD4<Float>(
                    starts[index],
                    starts[min(index + 1, starts.count - 1)],
                    starts[min(index + 2, starts.count - 1)],
                    starts[min(index + 3, starts.count - 1)]
                )
                run(tile, task, panels, kernel, start, dst, inputs)
            }
            pixel += count
        }
    }

    /// Four channels by up to 64 pixels.
    private struct Tile {
        var channel: Int
        var channelCount: Int
        /// The first channel's row in the weights.
        var firstRow: Int
        var pixel: Int
        var pixelCount: Int
    }

    private func run(
        _ tile: Tile,
        _ task: Task,
        _ panels: borrowing GatheredPanels,
        _ weights: Span<Float>,
        _ start: SIMD4<Float>,
        _ dst: Tensor,
        _ inputs: [Tensor?]
    ) {
        let depth = panels.depth
        // A tile past the last channel computes the last one again.
        let last = tile.channelCount - 1
        let row0 = weights.extracting((tile.firstRow * depth)..<((tile.firstRow + 1) * depth))
        let second = tile.firstRow + min(1, last)
        let row1 = weights.extracting((second * depth)..<((second + 1) * depth))
        let third = tile.firstRow + min(2, last)
        let row2 = weights.extracting((third * depth)..<((third + 1) * depth))
        let fourth = tile.firstRow + min(3, last)
        let row3 = weights.extracting((fourth * depth)..<((fourth + 1) * depth))
        let target = dst.outerRow(task.image)
        var plane = target.mutableSpan(of: Float.self)
        let planeLength = dstExtents.height * dstExtents.width
        let firstPlane = (task.group * dstChannels + tile.channel) * planeLength
        let entries = panels.entries.span
        for panel in 0..<((tile.pixelCount + 7) / 8) {
            let sums = MicroKernel.multiply(
                row0,
                row1,
                row2,
                row3,
                panel: entries.extracting((panel * depth)..<((panel + 1) * depth)),
                start: start
            )
            let count = min(8, tile.pixelCount - panel * 8)
            for row in 0..<tile.channelCount {
                let sum = row < 2 ? (row == 0 ? sums.0 : sums.1) : (row == 2 ? sums.2 : sums.3)
                let base = firstPlane + row * planeLength
                if isTransposed {
                    for lane in 0..<count { plane[base + panels.dstOffsets[panel * 8 + lane]] = sum[lane] }
                } else {
                    plane.store(sum, at: base + tile.pixel + panel * 8, count: count)
                }
            }
        }
        guard !isTransposed, !chain.isEmpty else { return }
        for row in 0..<tile.channelCount {
            let first = firstPlane + row * planeLength + tile.pixel
            var run = plane._mutatingExtracting(first..<(first + tile.pixelCount))
            chain.apply(to: &run, startingAt: task.image * target.elementCount + first, inputs: inputs)
        }
    }

    /// Weights `[IC, OC/G, taps]` as `[channels of the part][IC/G × taps of the phase]`.
    private func packTransposed(_ weights: Tensor, _ phase: GatherPhase, _ task: Task) -> [Float] {
        let source = weights.span(of: Float.self)
        var packed: [Float] = []
        packed.reserveCapacity(task.channels.count * srcChannels * phase.tapCount)
        for channel in task.channels {
            for srcChannel in 0..<srcChannels {
                let row = ((task.group * srcChannels + srcChannel) * dstChannels + channel) * kernelElementCount
                for y in phase.rows.tapIndices {
                    for x in phase.columns.tapIndices { packed.append(source[row + y * kernelWidth + x]) }
                }
            }
        }
        return packed
    }

    /// Runs the stages over the dst rows that all phases of the part have written by now.
    private func finish(_ task: Task, _ dst: Tensor, _ inputs: [Tensor?]) {
        guard !chain.isEmpty, let step = phases.first?.rows.dstStep else { return }
        let target = dst.outerRow(task.image)
        var plane = target.mutableSpan(of: Float.self)
        let rows = (task.rows.lowerBound * step)..<min(task.rows.upperBound * step, dstExtents.height)
        for channel in task.channels {
            let base = (task.group * dstChannels + channel) * dstExtents.height + rows.lowerBound
            let first = base * dstExtents.width
            var run = plane._mutatingExtracting(first..<(first + rows.count * dstExtents.width))
            chain.apply(to: &run, startingAt: task.image * target.elementCount + first, inputs: inputs)
        }
    }
}
