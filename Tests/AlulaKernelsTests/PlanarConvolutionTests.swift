// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Targets this machine can run.
private let targets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

/// Only the planar convolution, for `target`.
private func catalogue(_ target: VectorTarget) -> KernelCatalogue {
    KernelCatalogue(families: [
        KernelCatalogue.Family("planar") { operation, inputs, outputs in
            PlanarConvolutionKernel.make(operation, inputs, outputs, target: target)
        }
    ])
}

/// The planar convolution against the scalar definition.
@Suite(.enabled(if: !targets.isEmpty)) struct PlanarConvolutionTests {
    /// A random `Conv` of strides the generator covers.
    private func problem(_ random: inout SeededRandom) -> (operation: Conv, inputs: [Tensor?]) {
        let rank = random.pick([1, 2, 2, 2])
        let group = random.pick([1, 1, 1, 2, 3])
        let (ic, oc) = (group * random.int(1...9), group * random.int(1...13))
        let kernel = (0..<rank).map { _ in random.int(1...4) }
        let extents = (0..<rank).map { _ in random.int(8...45) }
        let window = WindowParameters(
            strides: (0..<rank).map { _ in random.int(1...2) },
            dilations: (0..<rank).map { _ in random.int(1...2) },
            padsBegin: (0..<rank).map { _ in random.int(0...3) },
            padsEnd: (0..<rank).map { _ in random.int(0...3) }
        )
        let src = random.tensor(Shape([random.int(1...2), ic] + extents))
        let weights = random.tensor(Shape([oc, ic / group] + kernel))
        return (
            Conv(window: window, group: group), [src, weights, random.pick([true, false]) ? random.tensor([oc]) : nil]
        )
    }

    @Test(arguments: targets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...25 {
            var random = SeededRandom(seed: seed)
            let (operation, inputs) = problem(&random)
            try checkKernel(operation, inputs, catalogue: catalogue(target), context: "seed \(seed) \(target)")
        }
    }

    @Test(arguments: targets)
    func tailColumnsAndChannelsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        for width in tailSizes(target.lanes).filter({ $0 > 0 }) + tailSizes(3 * target.lanes) {
            for channels in [1, 7, 8, 9, 17] {
                let src = random.tensor([1, 2, 3, width])
                let window = WindowParameters(padsBegin: [1, 1], padsEnd: [1, 1])
                try checkKernel(
                    Conv(window: window),
                    [src, random.tensor([channels, 2, 3, 3])],
                    catalogue: catalogue(target),
                    context: "width \(width) channels \(channels)"
                )
            }
        }
    }

    @Test(arguments: targets)
    func pointwiseProblemsAreFoldedAndMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 2)
        for (height, width) in [(1, 1), (7, 7), (14, 14), (13, 31), (40, 30)] {
            let inputs = [random.tensor([2, 6, height, width]), random.tensor([11, 6, 1, 1]), random.tensor([11])]
            try checkKernel(Conv(), inputs, catalogue: catalogue(target), context: "\(height)×\(width)")
        }
    }

    @Test(arguments: targets)
    func stagesMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let (src, weights) = (random.tensor([2, 3, 9, 21]), random.tensor([6, 3, 3, 3]))
        let (residual, scale) = (random.tensor([2, 6, 7, 19]), random.tensor([6, 1, 1]))
        let chains: [[Fused.Stage]] = [
            [Fused.Stage(Relu())],
            [Fused.Stage(Add(), operandInput: 2)],
            [Fused.Stage(Add(), operandInput: 2), Fused.Stage(Relu())],
            [Fused.Stage(Relu()), Fused.Stage(Add(), operandInput: 2)],
            [Fused.Stage(Mul(), operandInput: 3), Fused.Stage(Relu())],
        ]
        for stages in chains {
            let fused = Fused(producer: Conv(), producerInputCount: 2, stages: stages)
            try checkKernel(
                fused,
                [src, weights, residual, scale],
                catalogue: catalogue(target),
                context: "\(stages.count) stages"
            )
        }
    }

    @Test func stridesBeyondTwoAreLeftToOtherKernels() throws {
        let target = try #require(targets.first)
        let src = TensorType(.float32, [1, 3, 9, 9])
        let weights = TensorType(.float32, [4, 3, 3, 3])
        let operation = Conv(window: WindowParameters(strides: [3, 3]))
        let kernel = PlanarConvolutionKernel.make(
            operation,
            [src, weights],
            [TensorType(.float32, [1, 4, 3, 3])],
            target: target
        )
        #expect(kernel == nil)
    }

    /// Every access of every row, in memory with gaps between the operands.
    @Test(arguments: [4, 8, 16], [1, 2])
    func noAccessLeavesTheOperands(lanes: Int, stride: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        var random = SeededRandom(seed: UInt64(lanes + stride))
        for width in [5, lanes, 2 * lanes + 3] {
            let rows = WindowAxis(srcExtent: 4, dstExtent: 4, kernelExtent: 3, padBegin: 1, padEnd: 1)
            let columns = WindowAxis(
                srcExtent: width,
                dstExtent: (width - 1) / stride + 1,
                kernelExtent: 3,
                stride: stride,
                padBegin: 1,
                padEnd: 1
            )
            let descriptor = PlanarConvolutionDescriptor(
                srcChannels: 2,
                rows: rows,
                columns: columns,
                addsResidual: true,
                activation: .relu
            )
            let tile = PlanarConvolutionTile.best(descriptor, dstChannels: 3, target)
            let program = PlanarConvolutionGenerator.program(descriptor, tile: tile, target: target)
            let channels = tile.dstChannels
            let dstShape: Shape = [1, channels, 4, columns.dstExtent]
            let src = random.tensor([1, 2, 4, width])
            let (weights, bias) = (random.tensor([channels, 2, 3, 3]), random.tensor([channels]))
            let residual = random.tensor(dstShape)
            var memory = CheckedMemory()
            let addresses = [src, weights, bias, residual, residual].map { memory.add($0.byteArray) }
            for row in 0..<4 {
                let taps = rows.taps(at: row)
                let fields = [
                    addresses[0] + rows.srcIndex(dst: row, tap: taps.lowerBound) * width * 4,
                    addresses[1] + taps.lowerBound * 12, addresses[2], addresses[3] + row * columns.dstExtent * 4,
                    addresses[4] + row * columns.dstExtent * 4, taps.count,
                ]
                let arguments = memory.add(
                    fields.flatMap { field in (0..<8).map { UInt8(truncatingIfNeeded: field >> ($0 * 8)) } }
                )
                var interpreter = try KernelInterpreter(program, memory: memory)
                memory = try interpreter.run(arguments: arguments)
            }
            let window = WindowParameters(strides: [1, stride], padsBegin: [1, 1], padsEnd: [1, 1])
            let fused = Fused(
                producer: Conv(window: window),
                producerInputCount: 3,
                stages: [Fused.Stage(Add(), operandInput: 3), Fused.Stage(Relu())]
            )
            let expected = Tensor(zeros: .float32, shape: dstShape)
            try fused.evaluate([src, weights, bias, residual], into: [expected])
            let actual = try #require(
                Tensor(copying: memory.bytes(at: addresses[4])[...], dataType: .float32, shape: dstShape)
            )
            for (got, wanted) in zip(actual.elements(as: Float.self), expected.elements(as: Float.self)) {
                #expect((got - wanted).magnitude < 1e-5)
            }
        }
    }
}
