// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// `Conv`, alone or fused, as a direct convolution to blocked layout.
struct BlockedConvolutionKernel: Kernel {
    private let convolution: DirectConvolution
    private var operands: BlockedOperands
    private var weights: Tensor?
    private var bias: Tensor?

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
            packed.tensor(weights, as: WeightPacking(descriptor, tile, lanes: lanes)) {
                descriptor.packedWeights($0, tile: tile, lanes: lanes)
            }
        }
        if descriptor.hasBias {
            kernel.bias = constants[2].map { bias in
                packed.tensor(bias, as: BiasPacking(group: descriptor.group, lanes: lanes)) {
                    descriptor.packedBias($0, lanes: lanes)
                }
            }
        }
        return kernel
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights, let dst = outputs[0] else { return }
        let addresses = operands.addresses(inputs: inputs)
        convolution.run(part: part, src: src, weights: weights, bias: bias, operands: addresses, dst: dst)
        withExtendedLifetime(inputs) {}
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
