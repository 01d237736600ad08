// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// The Winograd tactics as an engine uses them, against the operator's definition.
@Suite(.enabled(if: CodeCache.shared.target != nil)) struct WinogradKernelTests {
    private let lanes = CodeCache.shared.target?.lanes ?? 1

    /// `max(conv(src) · scale + residual, 0)` of two images.
    private func problem(dstChannels: Int, strides: [Int] = [1, 1]) -> (problem: KernelProblem, inputs: [Tensor]) {
        var random = SeededRandom(seed: 17)
        let conv = Conv(window: WindowParameters(strides: strides, padsBegin: [1, 1], padsEnd: [1, 1]), group: 1)
        let fused = Fused(
            producer: conv,
            producerInputCount: 3,
            stages: [
                Fused.Stage(Mul(), operandInput: 3), Fused.Stage(Add(), operandInput: 4), Fused.Stage(Relu()),
            ]
        )
        let dst: Shape = [2, dstChannels, (9 - 1) / strides[0] + 1, (11 - 1) / strides[1] + 1]
        let inputs = [
            random.tensor([2, 19, 9, 11]), random.tensor([dstChannels, 19, 3, 3]), random.tensor([dstChannels]),
            random.tensor([dstChannels, 1, 1]), random.tensor(dst),
        ]
        let problem = KernelProblem(
            fused,
            inputs: inputs.map(\.type),
            outputs: [TensorType(.float32, dst)],
            constants: [nil, inputs[1], inputs[2], inputs[3], nil]
        )
        return (problem, inputs)
    }

    private func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        KernelCatalogue.standard.tactics(for: problem).filter { $0.name.hasPrefix("winograd") }
    }

    @Test(arguments: [false, true])
    func everyTacticMatchesTheDefinition(isResidualKnown: Bool) throws {
        var (problem, inputs) = self.problem(dstChannels: 3 * lanes + 5)
        if isResidualKnown { problem.constants[4] = inputs[4] }
        let expected = Tensor(zeros: .float32, shape: problem.outputs[0].shape)
        try problem.operation.evaluate(inputs, into: [expected])
        let layout = TensorLayout.blocked(lanes: lanes)
        let stored = inputs.indices.map {
            $0 == 0 || $0 == 4 && !isResidualKnown ? BlockedLayout(lanes: lanes).blocked(inputs[$0]) : inputs[$0]
        }
        let tactics = tactics(problem)
        #expect(tactics.count > 2 && Set(tactics.map(\.name)).count == tactics.count)
        for tactic in tactics {
            #expect(tactic.inputLayouts[0] == layout && tactic.outputLayout == layout && !tactic.isExact)
            let made = try #require(tactic.make())
            let kernel = made.prepared(constants: problem.constants, packed: PackedConstants())
            let dst = try gapped(layout.storedShape(expected.shape))
            for part in 0..<kernel.partCount { kernel.run(part: part, inputs: stored, outputs: [dst]) }
            let copy = Tensor(zeros: .float32, shape: dst.shape)
            copy.copyElements(from: dst)
            let actual = BlockedLayout(lanes: lanes).planar(copy, shape: expected.shape).elements(as: Float.self)
            let difference = zip(actual, expected.elements(as: Float.self)).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(difference <= 200 * 4 * 0x1p-24 * Float(9 * 19).squareRoot(), "\(tactic.name)")
            #expect(kernel.inputsThatMayBeOverwritten == [4])
        }
    }

    /// A tensor of NaN with a gap between its images.
    private func gapped(_ shape: Shape) throws -> Tensor {
        let stride = shape.elementCount(in: 1..<shape.rank) + 2 * lanes
        let all = Tensor([Float](repeating: .nan, count: stride * shape[0]), shape: [stride * shape[0]])
        return try #require(
            Tensor(
                dataType: .float32,
                shape: shape,
                storage: all.storage,
                byteOffset: all.byteOffset,
                outerStrideElements: stride
            )
        )
    }

    @Test func whatTheAlgorithmsDoNotCoverHasNoTactic() {
        #expect(tactics(problem(dstChannels: 8, strides: [2, 1]).problem).isEmpty)
        var unknownWeights = problem(dstChannels: 8).problem
        unknownWeights.constants[1] = nil
        #expect(tactics(unknownWeights).isEmpty)
    }
}
