// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
internal import AlulaTensor

/// `Conv`, alone or fused, as a Winograd convolution between tensors in blocked layout.
struct WinogradKernel: AddressedKernel {
    private let convolution: WinogradConvolution
    private var weights: HeldConstant?
    private var bias: HeldConstant?
    private var operands: BlockedOperands

    /// - Parameter output: the shape of dst, `[N, C, …]`.
    init(_ convolution: WinogradConvolution, output: Shape) {
        self.convolution = convolution
        operands = BlockedOperands(convolution.descriptor.epilogue, output: output, lanes: convolution.lanes)
    }

    var identifier: String { convolution.identifier }
    var partCount: Int { convolution.partCount }
    var acceptsStridedOutput: Bool { true }
    var inputsThatMayBeOverwritten: [Int] { operands.inputsThatMayBeOverwritten }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        let (blocking, lanes) = (convolution.blocking, convolution.lanes)
        let packing = WeightPacking(variant: blocking.variant, dstBlocks: blocking.dstBlocks, lanes: lanes)
        var kernel = self
        kernel.weights = constants[1].map { weights in
            HeldConstant(
                packed.tensor(weights, as: packing, shape: convolution.packedWeightShape) {
                    convolution.packWeights($0, into: $1)
                }
            )
        }
        if convolution.descriptor.hasBias { kernel.bias = constants[2].map { HeldConstant(padded($0, packed)) } }
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        return kernel
    }

    /// One element a channel, up to whole blocks.
    private func padded(_ channels: Tensor, _ packed: PackedConstants) -> Tensor {
        let count = convolution.descriptor.dstBlockCount(lanes: convolution.lanes) * convolution.lanes
        return packed.tensor(channels, as: ChannelPadding(count: count)) { channels in
            let result = Tensor(zeros: .float32, shape: [count])
            let source = channels.span(of: Float.self)
            var target = result.mutableSpan(of: Float.self)
            for index in 0..<min(source.count, count) { target[index] = source[index] }
            return result
        }
    }

    func run(parts: Range<Int>, operands: KernelOperands) {
        guard let weights = weights?.address else { return }
        let addresses = WinogradConvolution.Operands(
            src: operands.input(0).address,
            weights: weights,
            bias: bias?.address ?? 0,
            dst: operands.output.address,
            dstImageByteCount: operands.output.outerStrideElements * 4,
            epilogue: self.operands.addresses(operands)
        )
        ThreadScratch.with(byteCount: convolution.scratchByteCount) { scratch in
            for part in parts { convolution.run(part: part, addresses, scratch: scratch) }
        }
    }
}

/// What packed weights depend on besides their content.
private struct WeightPacking: Hashable, Sendable {
    let variant: WinogradVariant
    let dstBlocks: Int
    let lanes: Int
}

private struct ChannelPadding: Hashable, Sendable {
    let count: Int
}
