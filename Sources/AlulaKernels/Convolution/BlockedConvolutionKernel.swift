// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// `Conv`, alone or fused, as a direct convolution to blocked layout.
struct BlockedConvolutionKernel: AddressedKernel {
    private let convolution: DirectConvolution
    private var operands: BlockedOperands
    private var weights: HeldConstant?
    private var bias: HeldConstant?

    /// - Parameter output: the shape of dst, `[N, C, …]`.
    init(_ convolution: DirectConvolution, output: Shape) {
        self.convolution = convolution
        let epilogue = convolution.schedule.descriptor.epilogue
        operands = BlockedOperands(epilogue, output: output, lanes: convolution.lanes)
    }

    var identifier: String { convolution.identifier }
    var partCount: Int { convolution.partCount }
    var acceptsStridedOutput: Bool { true }
    var inputsThatMayBeOverwritten: [Int] { convolution.schedule.descriptor.epilogue.fullInputs }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        let (descriptor, tile, lanes) = (convolution.schedule.descriptor, convolution.tile, convolution.lanes)
        var kernel = self
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        kernel.weights = constants[1].map { weights in
            HeldConstant(
                packed.tensor(weights, as: WeightPacking(descriptor, tile, lanes: lanes)) {
                    descriptor.packedWeights($0, tile: tile, lanes: lanes)
                }
            )
        }
        if descriptor.hasBias {
            kernel.bias = constants[2].map { bias in
                HeldConstant(
                    packed.tensor(bias, as: BiasPacking(group: descriptor.group, lanes: lanes)) {
                        descriptor.packedBias($0, lanes: lanes)
                    }
                )
            }
        }
        return kernel
    }

    func run(parts: Range<Int>, operands: KernelOperands) {
        guard let weights = weights?.address else { return }
        convolution.run(
            parts: parts,
            DirectConvolutionSchedule.Operands(
                src: operands.input(0).address,
                weights: weights,
                bias: bias?.address ?? 0,
                dst: operands.output.address,
                dstImageByteCount: operands.output.outerStrideElements * 4,
                epilogue: self.operands.addresses(operands)
            )
        )
    }
}

/// What packed weights depend on besides their content.
private struct WeightPacking: Hashable, Sendable {
    let isBlocked: Bool
    let group: Int
    let dstBlocks: Int
    let lanes: Int

    init(_ descriptor: DirectConvolutionDescriptor, _ tile: DirectConvolutionTile, lanes: Int) {
        isBlocked = descriptor.srcLayout == .blocked
        group = descriptor.group
        dstBlocks = tile.dstBlocks
        self.lanes = lanes
    }
}

private struct BiasPacking: Hashable, Sendable {
    let group: Int
    let lanes: Int
}
