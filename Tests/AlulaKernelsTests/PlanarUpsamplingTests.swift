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

/// Only the planar upsampling, for `target`.
private func catalogue(_ target: VectorTarget) -> KernelCatalogue {
    KernelCatalogue(families: [
        KernelCatalogue.Family("upsampling") { operation, inputs, outputs in
            PlanarUpsamplingKernel.make(operation, inputs, outputs, target: target)
        }
    ])
}

/// The transposed convolution with stride = kernel against the scalar definition.
@Suite(.enabled(if: !targets.isEmpty)) struct PlanarUpsamplingTests {
    @Test(arguments: targets, [(1, 1), (2, 2), (4, 4), (3, 2), (2, 4)])
    func problemsOfEveryFactorMatchTheReference(target: VectorTarget, factors: (Int, Int)) throws {
        var random = SeededRandom(seed: 4)
        for (width, channels) in [(1, 1), (target.lanes, 8), (2 * target.lanes + 3, 5), (4 * target.lanes - 1, 3)] {
            for group in [1, 2] {
                let operation = ConvTranspose(
                    window: WindowParameters(strides: [factors.0, factors.1]),
                    group: group
                )
                let src = random.tensor([2, 5 * group, 3, width])
                let weights = random.tensor([5 * group, channels, factors.0, factors.1])
                let bias = group == 1 ? random.tensor([channels]) : nil
                try checkKernel(
                    operation,
                    [src, weights, bias],
                    catalogue: catalogue(target),
                    context: "\(factors) \(target)"
                )
            }
        }
    }

    @Test(arguments: targets)
    func stagesMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 6)
        let (src, weights) = (random.tensor([2, 3, 5, 19]), random.tensor([3, 6, 2, 2]))
        let (residual, scale) = (random.tensor([2, 6, 10, 38]), random.tensor([6, 1, 1]))
        let chains: [[Fused.Stage]] = [
            [Fused.Stage(Relu())],
            [Fused.Stage(Add(), operandInput: 2), Fused.Stage(Relu())],
            [Fused.Stage(Mul(), operandInput: 3)],
        ]
        for stages in chains {
            let producer = ConvTranspose(window: WindowParameters(strides: [2, 2]))
            let fused = Fused(producer: producer, producerInputCount: 2, stages: stages)
            try checkKernel(fused, [src, weights, residual, scale], catalogue: catalogue(target))
        }
    }

    @Test func overlappingWindowsAreLeftToOtherKernels() throws {
        let target = try #require(targets.first)
        let operation = ConvTranspose(window: WindowParameters(strides: [2, 2]))
        let inputs = [TensorType(.float32, [1, 3, 9, 9]), TensorType(.float32, [3, 4, 3, 3])]
        let outputs = [TensorType(.float32, [1, 4, 19, 19])]
        #expect(PlanarUpsamplingKernel.make(operation, inputs, outputs, target: target) == nil)
    }
}
