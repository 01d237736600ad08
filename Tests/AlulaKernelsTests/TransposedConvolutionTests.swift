// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// A transposed convolution over random extents.
private struct TransposedCase {
    var strides: [Int]
    var kernel: [Int]
    var padsBegin = [0, 0]
    var padsEnd = [0, 0]
    var dilations = [1, 1]
    var outputPadding = [0, 0]
    var group = 1

    var operation: ConvTranspose {
        ConvTranspose(
            window: WindowParameters(
                strides: strides,
                dilations: dilations,
                padsBegin: padsBegin,
                padsEnd: padsEnd
            ),
            group: group,
            outputPadding: outputPadding
        )
    }

    /// Src, weights, and a bias or none.
    func inputs(_ random: inout SeededRandom, ic: Int, oc: Int, extents: [Int]) -> [Tensor?] {
        let bias = random.pick([random.tensor([oc * group]), nil])
        return [
            random.tensor(Shape([random.int(1...2), ic * group] + extents)),
            random.tensor(Shape([ic * group, oc] + kernel)), bias,
        ]
    }
}

/// Transposed convolutions in blocked layout, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct BlockedTransposedTests {
    /// Problems whose dst is as many phases long as its strides say.
    private static let cases: [TransposedCase] = [
        .init(strides: [2, 2], kernel: [4, 4], padsBegin: [1, 1], padsEnd: [1, 1]),
        .init(strides: [2, 2], kernel: [3, 3], padsBegin: [1, 1], padsEnd: [1, 1], outputPadding: [1, 1]),
        .init(strides: [2, 2], kernel: [2, 2]), .init(strides: [1, 1], kernel: [3, 3]),
        .init(strides: [1, 1], kernel: [3, 5], padsBegin: [1, 2], padsEnd: [1, 2]),
        .init(strides: [4, 2], kernel: [8, 4], padsBegin: [2, 1], padsEnd: [2, 1]),
        .init(strides: [3, 3], kernel: [5, 3], padsBegin: [1, 0], padsEnd: [1, 0]),
        .init(strides: [2, 2], kernel: [1, 1], outputPadding: [1, 1]),
        .init(strides: [1, 1], kernel: [3, 3], padsBegin: [2, 2], padsEnd: [2, 2], dilations: [2, 2]),
        .init(strides: [2, 3], kernel: [4, 3], padsBegin: [3, 3], padsEnd: [5, 3], dilations: [3, 1]),
        .init(strides: [4, 4], kernel: [4, 4]), .init(strides: [3, 1], kernel: [3, 1]),
    ]

    private func check(_ problem: TransposedCase, seed: UInt64, _ target: VectorTarget) throws {
        var random = SeededRandom(seed: seed)
        let lanes = target.lanes
        let isGrouped = problem.group > 1
        let ic = isGrouped ? lanes * random.int(1...2) : random.int(1...(2 * lanes + 1))
        let oc = isGrouped ? lanes : random.int(1...(3 * lanes))
        var inputs = problem.inputs(&random, ic: ic, oc: oc, extents: [random.int(3...7), random.int(3...33)])
        let dst = try problem.operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })[0].shape
        let (stages, operands) = random.stages(after: 3, output: dst)
        inputs += operands
        let operation: any Operator =
            stages.isEmpty
            ? problem.operation : Fused(producer: problem.operation, producerInputCount: 3, stages: stages)
        let check = BlockedCheck(operation: operation, inputs: inputs, constants: [1, 2], context: "seed \(seed)")
        try check.run(target, TransposedTactics.tactics)
    }

    @Test(arguments: blockedTargets, cases.indices)
    func problemsOfEveryWindowMatchTheReference(target: VectorTarget, index: Int) throws {
        for seed in UInt64(1)...3 { try check(Self.cases[index], seed: seed + UInt64(index) * 7, target) }
    }

    @Test(arguments: blockedTargets)
    func groupsOfWholeBlocksMatchTheReference(target: VectorTarget) throws {
        var problem = Self.cases[0]
        problem.group = 2
        try check(problem, seed: 3, target)
    }

    /// Rows of dst that are no multiple of the stride are other kernels' business.
    @Test func unevenPhasesAreLeftAlone() throws {
        var random = SeededRandom(seed: 1)
        let problem = TransposedCase(strides: [2, 2], kernel: [3, 3])
        let inputs = problem.inputs(&random, ic: 3, oc: 5, extents: [4, 4])
        let outputs = try problem.operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let kernel = KernelProblem(
            problem.operation,
            inputs: inputs.map { $0?.type },
            outputs: outputs,
            constants: [nil, inputs[1], inputs[2]],
            target: .longest(.avx2)
        )
        #expect(TransposedTactics.tactics(kernel).isEmpty)
    }
}

/// Transposed convolutions in portable code, against the scalar definition.
@Suite struct TransposedConvolutionF32Tests {
    /// Only groups of few channels: others have products.
    private static let grouped = KernelCatalogue(families: [
        KernelCatalogue.Family("grouped transposed convolution", make: TransposedConvolutionF32.make)
    ])

    @Test func randomProblemsMatchTheReference() throws {
        for seed in UInt64(1)...60 {
            var random = SeededRandom(seed: seed)
            let strides = [random.int(1...3), random.int(1...3)]
            let kernel = [random.int(1...4), random.int(1...5)]
            let problem = TransposedCase(
                strides: strides,
                kernel: kernel,
                padsBegin: kernel.map { random.int(0...($0 - 1)) },
                padsEnd: kernel.map { random.int(0...($0 - 1)) },
                dilations: [random.int(1...2), random.int(1...2)],
                outputPadding: strides.map { random.int(0...($0 - 1)) },
                group: random.int(2...3)
            )
            let inputs = problem.inputs(
                &random,
                ic: random.int(1...3),
                oc: random.int(1...3),
                extents: [random.int(4...6), random.int(4...11)]
            )
            let dst = try problem.operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })[0].shape
            let stages = [Fused.Stage(Add(), operandInput: 3), Fused.Stage(Relu())]
            let fused = Fused(producer: problem.operation, producerInputCount: 3, stages: stages)
            for catalogue in [Self.grouped, .portable] {
                try checkKernel(problem.operation, inputs, catalogue: catalogue, context: "seed \(seed)")
                try checkKernel(
                    fused,
                    inputs + [random.tensor(dst)],
                    catalogue: catalogue,
                    context: "seed \(seed)"
                )
            }
        }
    }

    @Test func oneAxisAndManyPartsMatchTheReference() throws {
        var random = SeededRandom(seed: 5)
        let line = ConvTranspose(window: WindowParameters(strides: [2], padsBegin: [1], padsEnd: [0]), group: 3)
        try checkKernel(line, [random.tensor([2, 3, 19]), random.tensor([3, 1, 5]), nil], catalogue: Self.grouped)
        let plane = ConvTranspose(window: WindowParameters(strides: [2, 2]), group: 8)
        let inputs = [random.tensor([2, 8, 24, 31]), random.tensor([8, 1, 3, 3]), random.tensor([8])]
        try checkKernel(plane, inputs, catalogue: Self.grouped)
        // Other problems have a kernel, too: dst that is no multiple of the stride.
        let uneven = ConvTranspose(window: WindowParameters(strides: [2, 2]))
        try checkKernel(uneven, [random.tensor([1, 8, 5, 7]), random.tensor([8, 6, 3, 3]), random.tensor([6])])
    }
}
