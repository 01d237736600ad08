// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `Conv`, alone or fused, by generated code on the model's own layouts.
struct PlanarConvolutionKernel: Kernel {
    let identifier: String
    private let descriptor: PlanarConvolutionDescriptor
    private let tile: PlanarConvolutionTile
    private let batch: Int
    private let group: Int
    /// Dst channels in one group.
    private let dstChannels: Int
    /// Stages the generated code does not do, run on rows that are still in cache.
    private let chain: StageChain
    /// The residual's index among the inputs.
    private let residualInput: Int?
    private let kernel: ExecutableKernel
    /// The kernel of the last chunk of channels, which may be narrower.
    private let lastKernel: ExecutableKernel
    private let rowsPerPart: Int
    private let chunksPerPart: Int

    private struct Key: Hashable, Sendable {
        let descriptor: PlanarConvolutionDescriptor
        let tile: PlanarConvolutionTile
    }

    /// A kernel for `Conv` over one or two spatial axes; nil for other problems, and where nothing can be emitted.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        make(operation, inputs, outputs, target: CodeCache.shared.target)
    }

    /// As ``make(_:_:_:)``, for a target of choice.
    static func make(
        _ operation: any Operator,
        _ inputs: [TensorType?],
        _ outputs: [TensorType],
        target: VectorTarget?
    ) -> (any Kernel)? {
        guard let target, let problem = FusedProblem(operation, inputs, outputs),
            let op = problem.producer as? Conv, let src = problem.floatInput(0),
            let weights = problem.floatInput(1), (3...4).contains(src.rank), src.elementCount > 0,
            problem.output.shape.elementCount > 0,
            problem.inputs.count < 3 || problem.inputs[2] == nil || problem.floatInput(2) != nil,
            let geometry = try? op.geometry(src: src, weights: weights).padded(to: 2)
        else { return nil }
        let epilogue = ConvolutionEpilogue(operation, inputs, output: problem.output)
        let axes = PointwiseAxes.folded(geometry.axes[0], geometry.axes[1])
        let descriptor = PlanarConvolutionDescriptor(
            srcChannels: weights[1],
            rows: axes.rows,
            columns: axes.columns,
            hasBias: problem.floatInput(2) != nil,
            addsResidual: epilogue?.residualInput != nil,
            activation: epilogue?.activation ?? .none
        )
        guard descriptor.rejection == nil else { return nil }
        do throws(JITError) {
            return try PlanarConvolutionKernel(
                descriptor,
                batch: src[0],
                group: op.group,
                dstChannels: weights[0] / op.group,
                chain: epilogue == nil ? problem.chain : StageChain(),
                residualInput: epilogue?.residualInput,
                target: target
            )
        } catch {
            assertionFailure("\(error)")  // the tile was chosen to fit
            return nil
        }
    }

    private init(
        _ descriptor: PlanarConvolutionDescriptor,
        batch: Int,
        group: Int,
        dstChannels: Int,
        chain: StageChain,
        residualInput: Int?,
        target: VectorTarget
    ) throws(JITError) {
        let tile = PlanarConvolutionTile.best(descriptor, dstChannels: dstChannels, target)
        func compile(dstChannels: Int) throws(JITError) -> ExecutableKernel {
            let narrowed = PlanarConvolutionTile(dstChannels: dstChannels, vectors: tile.vectors)
            return try CodeCache.shared.kernel(
                for: Key(descriptor: descriptor, tile: narrowed),
                target: target
            ) { target in
                PlanarConvolutionGenerator.program(descriptor, tile: narrowed, target: target)
            }
        }
        let lastChannels = dstChannels % tile.dstChannels
        kernel = try compile(dstChannels: tile.dstChannels)
        lastKernel = lastChannels == 0 ? kernel : try compile(dstChannels: lastChannels)
        identifier = kernel.name
        self.descriptor = descriptor
        self.tile = tile
        self.batch = batch
        self.group = group
        self.dstChannels = dstChannels
        self.chain = chain
        self.residualInput = residualInput
        let rowByteCount = descriptor.srcChannels * descriptor.columns.srcExtent * descriptor.rows.stride * 4
        let cachedByteCount = 256 << 10  // rows of src that stay in half a small second-level cache
        rowsPerPart = min(max(1, cachedByteCount / rowByteCount), max(1, descriptor.rows.dstExtent / 16))
        let chunks = (dstChannels + tile.dstChannels - 1) / tile.dstChannels
        let rowParts = batch * group * ((descriptor.rows.dstExtent + rowsPerPart - 1) / rowsPerPart)
        // Where rows do not make enough parts to share out, channels do.
        chunksPerPart = rowParts >= 16 ? chunks : max(1, chunks * rowParts / 16)
    }

    var acceptsStridedOutput: Bool { true }

    private var chunkCount: Int { (dstChannels + tile.dstChannels - 1) / tile.dstChannels }
    private var rowPartCount: Int { (descriptor.rows.dstExtent + rowsPerPart - 1) / rowsPerPart }
    private var chunkPartCount: Int { (chunkCount + chunksPerPart - 1) / chunksPerPart }

    var partCount: Int { batch * group * rowPartCount * chunkPartCount }

    // MARK: - Running

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let (rest, chunkPart) = part.quotientAndRemainder(dividingBy: chunkPartCount)
        let (image, rowPart) = rest.quotientAndRemainder(dividingBy: rowPartCount)  // counts groups too
        let (batchIndex, groupIndex) = image.quotientAndRemainder(dividingBy: group)
        let bias = descriptor.hasBias ? inputs[2] : nil
        let residual = residualInput.flatMap { inputs[$0] }
        let rows = (rowPart * rowsPerPart)..<min((rowPart + 1) * rowsPerPart, descriptor.rows.dstExtent)
        for chunk in (chunkPart * chunksPerPart)..<min((chunkPart + 1) * chunksPerPart, chunkCount) {
            let channel = groupIndex * dstChannels + chunk * tile.dstChannels
            let isLast = (chunk + 1) * tile.dstChannels > dstChannels
            var arguments = PlanarConvolutionArguments()
            arguments.bias = address(bias) + channel * 4
            let plane = channel * descriptor.dstPlaneByteCount
            let target = address(dst) + batchIndex * dst.outerStrideElements * 4 + plane
            let added = address(residual) + batchIndex * group * dstChannels * descriptor.dstPlaneByteCount + plane
            for row in rows {
                let taps = descriptor.rows.taps(at: row)
                let srcRow = taps.isEmpty ? 0 : descriptor.rows.srcIndex(dst: row, tap: taps.lowerBound)
                arguments.src =
                    address(src) + image * descriptor.srcChannels * descriptor.srcPlaneByteCount
                    + srcRow * descriptor.columns.srcExtent * 4
                arguments.weights =
                    address(weights) + channel * descriptor.weightRowByteCount
                    + taps.lowerBound * descriptor.columns.kernelExtent * 4
                arguments.tapRowCount = taps.count
                arguments.dst = target + row * descriptor.columns.dstExtent * 4
                arguments.residual = added + row * descriptor.columns.dstExtent * 4
                (isLast ? lastKernel : kernel)(arguments)
            }
            let channels = isLast ? dstChannels - chunk * tile.dstChannels : tile.dstChannels
            finish(batchIndex, channels: channel..<(channel + channels), rows, dst, inputs)
        }
        withExtendedLifetime((src, weights, bias, residual, dst)) {}
    }

    private func address(_ tensor: Tensor?) -> Int { tensor.map { Int(bitPattern: $0.address) } ?? 0 }

    /// Runs the remaining stages on the rows just computed.
    private func finish(_ batchIndex: Int, channels: Range<Int>, _ rows: Range<Int>, _ dst: Tensor, _ inputs: [Tensor?])
    {
        guard !chain.isEmpty else { return }
        let width = descriptor.columns.dstExtent
        let plane = descriptor.rows.dstExtent * width
        let image = dst.outerRow(batchIndex)
        var elements = image.mutableSpan(of: Float.self)
        for channel in channels {
            let first = channel * plane + rows.lowerBound * width
            var piece = elements._mutatingExtracting(first..<(first + rows.count * width))
            chain.apply(to: &piece, startingAt: batchIndex * group * dstChannels * plane + first, inputs: inputs)
        }
    }
}

/// A 1×1 convolution without stride and padding is a product over pixels: rows may be cut anywhere.
enum PointwiseAxes {
    /// The axes as they are, or, for a 1×1 window, rows long enough for whole vectors and short enough that those of all
    /// channels stay in cache.
    static func folded(_ rows: WindowAxis, _ columns: WindowAxis) -> (rows: WindowAxis, columns: WindowAxis) {
        guard WindowGeometry(axes: [rows, columns]).isPointwise else { return (rows, columns) }
        let count = rows.srcExtent * columns.srcExtent
        let widths = (96...384).filter { count % $0 == 0 }
        let width = widths.max { $0.trailingZeroBitCount < $1.trailingZeroBitCount } ?? count
        return (axis(count / width), axis(width))
    }

    private static func axis(_ extent: Int) -> WindowAxis {
        WindowAxis(srcExtent: extent, dstExtent: extent, kernelExtent: 1)
    }
}

/// The stages of a fused convolution that its generated code does itself: a residual, then an activation.
struct ConvolutionEpilogue {
    private(set) var residualInput: Int?
    private(set) var activation = PlanarActivation.none

    /// Nil if the stages are others, or in another order; an operator without stages has an empty epilogue.
    init?(_ operation: any Operator, _ inputs: [TensorType?], output: TensorType) {
        guard let fused = operation as? Fused else { return }
        for stage in fused.stages {
            guard activation == .none else { return nil }
            if let input = stage.operandInput {
                guard stage.operation is Add, residualInput == nil, inputs.indices.contains(input),
                    inputs[input] == output
                else { return nil }
                residualInput = input
            } else if stage.operation is Relu {
                activation = .relu
            } else {
                return nil
            }
        }
    }
}
