// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

/// `Conv`, alone or fused, as a direct convolution to blocked layout.
struct BlockedConvolutionKernel: Kernel {
    private let convolution: DirectConvolution
    private let residualInput: Int?
    private var weights: Tensor?
    private var bias: Tensor?

    init(_ convolution: DirectConvolution, residualInput: Int?) {
        self.convolution = convolution
        self.residualInput = residualInput
    }

    var identifier: String { convolution.identifier }
    var partCount: Int { convolution.partCount }
    var acceptsStridedOutput: Bool { true }
    var inputsThatMayBeOverwritten: [Int] { residualInput.map { [$0] } ?? [] }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        let (descriptor, tile, lanes) = (convolution.schedule.descriptor, convolution.tile, convolution.lanes)
        var kernel = self
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
        let residual = residualInput.flatMap { inputs[$0] }
        convolution.run(part: part, src: src, weights: weights, bias: bias, residual: residual, dst: dst)
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
