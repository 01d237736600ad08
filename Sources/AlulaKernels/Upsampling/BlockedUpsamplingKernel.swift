// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// `ConvTranspose` with stride = kernel, alone or fused, in blocked layout: one 1×1 convolution a tap, each to every
/// `factor`-th row and column of dst.
///
/// A part is some rows of src under one tap for one chunk of channels, whose weights stay in cache while the rows pass by.
struct BlockedUpsamplingKernel: AddressedKernel {
    private let convolution: DirectConvolution
    private let rowFactor: Int
    private let columnFactor: Int
    private var operands: BlockedOperands
    /// By tap.
    private var weights: [HeldConstant] = []
    private var bias: HeldConstant?

    /// - Parameters:
    ///   - convolution: of one tap.
    ///   - output: the shape of dst, `[N, C, …]`.
    init(_ convolution: DirectConvolution, _ problem: UpsamplingProblem) {
        self.convolution = convolution
        rowFactor = problem.rowFactor
        columnFactor = problem.columnFactor
        let epilogue = convolution.schedule.descriptor.epilogue
        operands = BlockedOperands(epilogue, output: problem.dst, lanes: convolution.lanes)
    }

    private var descriptor: DirectConvolutionDescriptor { convolution.schedule.descriptor }

    var identifier: String { convolution.identifier }
    var partCount: Int { rowFactor * columnFactor * convolution.partCount }
    var acceptsStridedOutput: Bool { true }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        guard let source = constants[1] else { return self }
        var kernel = self
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        let (descriptor, tile, lanes) = (descriptor, convolution.tile, convolution.lanes)
        kernel.weights = (0..<rowFactor * columnFactor).map { tap in
            let packing = TapPacking(tap: tap, dstBlocks: tile.dstBlocks, lanes: lanes)
            return HeldConstant(
                packed.tensor(source, as: packing) { weights in
                    descriptor.packedWeights(self.weights(ofTap: tap, weights), tile: tile, lanes: lanes)
                }
            )
        }
        if descriptor.hasBias {
            kernel.bias = constants[2].map { bias in
                HeldConstant(
                    packed.tensor(bias, as: TapPacking(tap: -1, dstBlocks: 0, lanes: lanes)) {
                        descriptor.packedBias($0, lanes: lanes)
                    }
                )
            }
        }
        return kernel
    }

    /// What packed weights depend on besides their content.
    private struct TapPacking: Hashable, Sendable {
        let tap: Int
        let dstBlocks: Int
        let lanes: Int
    }

    /// `[IC, OC, KH, KW]` at one tap, as `[OC, IC, 1, 1]`.
    private func weights(ofTap tap: Int, _ weights: Tensor) -> Tensor {
        let (ic, oc) = (descriptor.srcChannels, descriptor.dstChannels)
        let result = Tensor(zeros: .float32, shape: [oc, ic, 1, 1])
        let source = weights.span(of: Float.self)
        var target = result.mutableSpan(of: Float.self)
        let taps = rowFactor * columnFactor
        for src in 0..<ic {
            for dst in 0..<oc { target[dst * ic + src] = source[(src * oc + dst) * taps + tap] }
        }
        return result
    }

    func run(parts: Range<Int>, operands: KernelOperands) {
        let rowByteCount = descriptor.dstRowByteCount(lanes: convolution.lanes)
        var addresses = DirectConvolutionSchedule.Operands(
            src: operands.input(0).address,
            weights: 0,
            bias: bias?.address ?? 0,
            dst: operands.output.address,
            dstImageByteCount: operands.output.outerStrideElements * 4,
            epilogue: self.operands.addresses(operands)
        )
        let count = convolution.partCount
        for tap in weights.indices {
            let parts = parts.clamped(to: (tap * count)..<((tap + 1) * count))
            if parts.isEmpty { continue }
            let (row, column) = tap.quotientAndRemainder(dividingBy: columnFactor)
            addresses.weights = weights[tap].address
            addresses.dstByteOffset = row * rowByteCount + column * convolution.lanes * 4
            convolution.run(parts: (parts.lowerBound - tap * count)..<(parts.upperBound - tap * count), addresses)
        }
    }
}

/// The tactics of transposed convolutions in blocked layout.
enum UpsamplingTactics {
    /// A few register tiles.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let layout = problem.blockedLayout,
            let upsampling = UpsamplingProblem(problem), let epilogue = Epilogue(blocked: upsampling.stages, problem)
        else { return [] }
        let descriptor = upsampling.descriptor(epilogue)
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let taps = Double(upsampling.rowFactor * upsampling.columnFactor * upsampling.src[0])
        return DirectConvolutionTile.ranked(descriptor, target).prefix(4).map { tile, cycles in
            KernelTactic(
                "upsampling \(tile.dstBlocks)x\(tile.width)",
                inputLayouts: epilogue.inputLayouts([layout], problem),
                outputLayout: layout,
                estimatedNanoseconds: cycles * taps / ConvolutionTactics.cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    let convolution = try DirectConvolution(
                        descriptor,
                        batch: upsampling.src[0],
                        tile: tile,
                        target: target,
                        cache: .shared
                    )
                    return BlockedUpsamplingKernel(convolution, upsampling)
                } catch {
                    assertionFailure("\(error)")  // the tile was chosen to fit
                    return nil
                }
            }
        }
    }
}
