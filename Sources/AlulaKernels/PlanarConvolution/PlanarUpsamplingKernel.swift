// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `ConvTranspose` with stride = kernel, alone or fused, by generated code on the model's own layouts.
struct PlanarUpsamplingKernel: Kernel {
    let identifier: String
    private let descriptor: PlanarUpsamplingDescriptor
    private let tile: PlanarConvolutionTile
    private let batch: Int
    private let group: Int
    private let chain: StageChain
    private let kernel: ExecutableKernel
    /// The kernel of the last chunk of channels, which may be narrower.
    private let lastKernel: ExecutableKernel
    private let rowsPerPart: Int

    private struct Key: Hashable, Sendable {
        let descriptor: PlanarUpsamplingDescriptor
        let tile: PlanarConvolutionTile
    }

    /// A kernel for upsampling `ConvTranspose`; nil for other problems, and where nothing can be emitted.
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
            let op = problem.producer as? ConvTranspose, let src = problem.floatInput(0),
            let weights = problem.floatInput(1), (3...4).contains(src.rank), src.elementCount > 0,
            problem.output.shape.elementCount > 0,
            problem.inputs.count < 3 || problem.inputs[2] == nil || problem.floatInput(2) != nil,
            let axes = try? op.geometry(src: src, weights: weights).padded(to: 2).axes,
            // The geometry is that of the convolution this one transposes: its dst is our src.
            axes.allSatisfy({ $0.kernelExtent == $0.stride && $0.srcExtent == $0.dstExtent * $0.stride }),
            axes.allSatisfy({ $0.padBegin == 0 && ($0.dilation == 1 || $0.kernelExtent == 1) }),
            [1, 2, 4].contains(axes[1].stride)
        else { return nil }
        let epilogue = ConvolutionEpilogue(operation, inputs, output: problem.output)
        let isFused = epilogue != nil && epilogue?.residualInput == nil
        let descriptor = PlanarUpsamplingDescriptor(
            srcChannels: src[1] / op.group,
            dstChannels: weights[1],
            rows: axes[0].dstExtent,
            columns: axes[1].dstExtent,
            rowFactor: axes[0].stride,
            columnFactor: axes[1].stride,
            hasBias: problem.floatInput(2) != nil,
            activation: isFused ? epilogue?.activation ?? .none : .none
        )
        let limit = 1 << 26  // a tile's channels stay within 32-bit displacements
        guard descriptor.dstPlaneByteCount < limit, descriptor.weightsSrcByteCount < limit,
            let tile = PlanarUpsamplingGenerator.tile(descriptor, target)
        else { return nil }
        do throws(JITError) {
            return try PlanarUpsamplingKernel(
                descriptor,
                tile,
                batch: src[0],
                group: op.group,
                chain: isFused ? StageChain() : problem.chain,
                target: target
            )
        } catch {
            assertionFailure("\(error)")  // the tile was chosen to fit
            return nil
        }
    }

    private init(
        _ descriptor: PlanarUpsamplingDescriptor,
        _ tile: PlanarConvolutionTile,
        batch: Int,
        group: Int,
        chain: StageChain,
        target: VectorTarget
    ) throws(JITError) {
        func compile(dstChannels: Int) throws(JITError) -> ExecutableKernel {
            let narrowed = PlanarConvolutionTile(dstChannels: dstChannels, vectors: tile.vectors)
            return try CodeCache.shared.kernel(
                for: Key(descriptor: descriptor, tile: narrowed),
                target: target
            ) { target in
                PlanarUpsamplingGenerator.program(descriptor, tile: narrowed, target: target)
            }
        }
        let lastChannels = descriptor.dstChannels % tile.dstChannels
        kernel = try compile(dstChannels: tile.dstChannels)
        lastKernel = lastChannels == 0 ? kernel : try compile(dstChannels: lastChannels)
        identifier = kernel.name
        self.descriptor = descriptor
        self.tile = tile
        self.batch = batch
        self.group = group
        self.chain = chain
        let rowByteCount = descriptor.srcChannels * descriptor.columns * 4
        let cachedByteCount = 256 << 10  // rows of src that stay in half a small second-level cache
        rowsPerPart = min(max(1, cachedByteCount / rowByteCount), max(1, descriptor.rows / 16))
    }

    var acceptsStridedOutput: Bool { true }

    private var rowPartCount: Int { (descriptor.rows + rowsPerPart - 1) / rowsPerPart }

    var partCount: Int { batch * group * rowPartCount }

    // MARK: - Running

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let (image, rowPart) = part.quotientAndRemainder(dividingBy: rowPartCount)  // counts groups too
        let (batchIndex, groupIndex) = image.quotientAndRemainder(dividingBy: group)
        let bias = descriptor.hasBias ? inputs[2] : nil
        let rows = (rowPart * rowsPerPart)..<min((rowPart + 1) * rowsPerPart, descriptor.rows)
        for first in stride(from: 0, to: descriptor.dstChannels, by: tile.dstChannels) {
            let isLast = first + tile.dstChannels > descriptor.dstChannels
            let channel = groupIndex * descriptor.dstChannels + first
            var arguments = PlanarConvolutionArguments()
            arguments.bias = address(bias) + channel * 4
            let target =
                address(dst) + batchIndex * dst.outerStrideElements * 4 + channel * descriptor.dstPlaneByteCount
            let groupWeights =
                address(weights) + groupIndex * descriptor.srcChannels * descriptor.weightsSrcByteCount
                + first * descriptor.weightsDstByteCount
            for row in rows {
                arguments.src =
                    address(src) + image * descriptor.srcChannels * descriptor.srcPlaneByteCount
                    + row * descriptor.columns * 4
                for phase in 0..<descriptor.rowFactor {
                    arguments.weights = groupWeights + phase * descriptor.columnFactor * 4
                    arguments.dst = target + (row * descriptor.rowFactor + phase) * descriptor.dstRowByteCount
                    (isLast ? lastKernel : kernel)(arguments)
                }
            }
            let end = min(first + tile.dstChannels, descriptor.dstChannels)
            finish(batchIndex, channels: channel..<(channel + end - first), rows, dst, inputs)
        }
        withExtendedLifetime((src, weights, bias, dst)) {}
    }

    private func address(_ tensor: Tensor?) -> Int { tensor.map { Int(bitPattern: $0.address) } ?? 0 }

    /// Runs the remaining stages on the rows just computed.
    private func finish(_ batchIndex: Int, channels: Range<Int>, _ rows: Range<Int>, _ dst: Tensor, _ inputs: [Tensor?])
    {
        guard !chain.isEmpty else { return }
        let row = descriptor.rowFactor * descriptor.columns * descriptor.columnFactor
        let plane = descriptor.rows * row
        let image = dst.outerRow(batchIndex)
        var elements = image.mutableSpan(of: Float.self)
        for channel in channels {
            let first = channel * plane + rows.lowerBound * row
            var piece = elements._mutatingExtracting(first..<(first + rows.count * row))
            chain.apply(
                to: &piece,
                startingAt: batchIndex * group * descriptor.dstChannels * plane + first,
                inputs: inputs
            )
        }
    }
}
