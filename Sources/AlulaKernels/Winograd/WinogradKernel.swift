// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
internal import AlulaTensor

/// `Conv`, alone or fused, as a Winograd convolution between tensors in blocked layout.
struct WinogradKernel: Kernel {
    private let convolution: WinogradConvolution
    private var weights: Tensor?
    private var bias: Tensor?
    /// By operand of the epilogue: its packed form, where its content is known.
    private var knownOperands: [Tensor?]

    init(_ convolution: WinogradConvolution) {
        self.convolution = convolution
        knownOperands = convolution.descriptor.epilogue.operands.map { _ in nil }
    }

    var identifier: String { convolution.identifier }
    var partCount: Int { convolution.partCount }
    var acceptsStridedOutput: Bool { true }

    var inputsThatMayBeOverwritten: [Int] {
        convolution.descriptor.epilogue.operands.filter { $0.extent == .full }.map(\.input)
    }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        let (blocking, lanes) = (convolution.blocking, convolution.lanes)
        let packing = WeightPacking(variant: blocking.variant, dstBlocks: blocking.dstBlocks, lanes: lanes)
        var kernel = self
        kernel.weights = constants[1].map { weights in
            packed.tensor(weights, as: packing) { convolution.packedWeights($0) }
        }
        if convolution.descriptor.hasBias { kernel.bias = constants[2].map { padded($0, packed) } }
        for (index, operand) in convolution.descriptor.epilogue.operands.enumerated() {
            guard let known = constants[operand.input] else { continue }
            kernel.knownOperands[index] = operand.extent == .channel ? padded(known, packed) : known
        }
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

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let weights, let dst = outputs[0] else { return }
        var operands = WinogradConvolution.Operands(
            src: address(src),
            weights: address(weights),
            bias: bias.map(address) ?? 0,
            dst: address(dst),
            dstImageByteCount: dst.outerStrideElements * 4
        )
        for (index, operand) in convolution.descriptor.epilogue.operands.enumerated() {
            operands.epilogue[index] = (knownOperands[index] ?? inputs[operand.input]).map(address) ?? 0
        }
        ThreadScratch.with(byteCount: convolution.scratchByteCount) { scratch in
            convolution.run(part: part, operands, scratch: scratch)
        }
        withExtendedLifetime((inputs, outputs, weights, bias)) {}
    }

    private func address(_ tensor: Tensor) -> Int { Int(bitPattern: tensor.address) }
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
