// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Transposed convolutions with stride = kernel in blocked layout, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct BlockedUpsamplingTests {
    @Test(arguments: blockedTargets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...16 {
            var random = SeededRandom(seed: seed)
            let (rowFactor, columnFactor) = (random.int(1...4), random.int(1...4))
            let (ic, oc) = (random.int(1...(2 * target.lanes + 1)), random.int(1...(3 * target.lanes)))
            let (batch, rows, columns) = (random.int(1...2), random.int(1...7), random.int(1...33))
            let hasBias = random.pick([true, false])
            let op = ConvTranspose(window: WindowParameters(strides: [rowFactor, columnFactor]))
            var inputs: [Tensor?] = [
                random.tensor([batch, ic, rows, columns]), random.tensor([ic, oc, rowFactor, columnFactor]),
                hasBias ? random.tensor([oc]) : nil,
            ]
            let (stages, operands) = random.stages(
                after: 3,
                output: [batch, oc, rows * rowFactor, columns * columnFactor]
            )
            inputs += operands
            let operation: any Operator =
                stages.isEmpty ? op : Fused(producer: op, producerInputCount: 3, stages: stages)
            let check = BlockedCheck(operation: operation, inputs: inputs, constants: [1, 2], context: "seed \(seed)")
            try check.run(target, UpsamplingTactics.tactics)
        }
    }

    /// Windows that overlap or are padded are other kernels' business.
    @Test func otherTransposedConvolutionsAreLeftAlone() throws {
        var random = SeededRandom(seed: 1)
        for window in [
            WindowParameters(strides: [1, 1]), WindowParameters(strides: [2, 2], padsBegin: [1, 0], padsEnd: [0, 0]),
        ] {
            let op = ConvTranspose(window: window)
            let inputs = [random.tensor([1, 3, 4, 4]), random.tensor([3, 5, 2, 2])]
            let outputs = try op.inferOutputs(inputs.map { OperatorInput($0) })
            let problem = KernelProblem(
                op,
                inputs: inputs.map(\.type),
                outputs: outputs,
                constants: [nil, inputs[1]],
                target: .longest(.avx2)
            )
            #expect(UpsamplingTactics.tactics(problem).isEmpty)
        }
    }
}
