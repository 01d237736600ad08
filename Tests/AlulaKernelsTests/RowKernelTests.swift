// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Softmax and layer normalization over rows against the scalar definitions.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct RowKernelTests {
    /// As many columns as tell a tail from a vector.
    private func widths(_ target: VectorTarget) -> [Int] {
        [1, 2, target.lanes - 1, target.lanes, target.lanes + 1, 3 * target.lanes + 5, 128]
    }

    @Test(arguments: blockedTargets) func softmaxMatchesTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        for width in widths(target) {
            for rows in [1, 3, 70] {
                let src = random.tensor([rows, width], in: -20...20)
                let problem = TacticProblem(operation: Softmax(axis: -1), inputs: [src])
                #expect(try problem.check(RowKernel.tactics, target: target) == ["rows"])
            }
        }
    }

    @Test(arguments: blockedTargets) func maskedColumnsOfASoftmaxAreZero(target: VectorTarget) throws {
        let row = (0..<19).map { $0 % 3 == 0 ? -Float.infinity : Float($0) }
        let problem = TacticProblem(operation: Softmax(axis: 1), inputs: [Tensor(row, shape: [1, 19])])
        try problem.check(RowKernel.tactics, target: target)
    }

    @Test(arguments: blockedTargets, [true, false])
    func layerNormalizationMatchesTheReference(target: VectorTarget, hasBias: Bool) throws {
        var random = SeededRandom(seed: 2)
        for width in widths(target) {
            let src = random.tensor([2, 5, width], in: -3...5)
            let operands = [random.tensor([width]), hasBias ? random.tensor([width]) : nil]
            var problem = try TacticProblem(operation: LayerNormalization(), inputs: [src] + operands)
                .problem(target: target)
            #expect(RowKernel.tactics(problem).isEmpty, "mean and deviation are wanted")
            problem.unusedOutputs = [1, 2]
            let tactic = try #require(RowKernel.tactics(problem).first)
            let kernel = try #require(tactic.make())
            let expected = problem.outputs.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
            try problem.operation.evaluate([src] + operands, into: expected)
            let dst = Tensor(zeros: .float32, shape: src.shape)
            for part in 0..<kernel.partCount { kernel.run(part: part, inputs: [src] + operands, outputs: [dst]) }
            let scale = expected[0].doubles().map(abs).max() ?? 1
            for (left, right) in zip(dst.doubles(), expected[0].doubles()) {
                #expect(abs(left - right) <= 1e-5 * max(scale, 1e-3), "width \(width)")
            }
        }
    }

    @Test(arguments: blockedTargets)
    func logarithmsOfSoftmaxMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        for width in widths(target) {
            let src = random.tensor([3, width], in: -20...20)
            try TacticProblem(operation: LogSoftmax(axis: 1), inputs: [src]).check(RowKernel.tactics, target: target)
        }
        let src = random.tensor([2, 3, 5])
        let spanning = LogSoftmax(axis: 1, spansTrailingAxes: true)
        try TacticProblem(operation: spanning, inputs: [src]).check(RowKernel.tactics, target: target)
    }

    @Test(arguments: blockedTargets)
    func rootsOfMeanSquaresMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        for width in widths(target) {
            let src = random.tensor([2, 5, width], in: -3...5)
            let problem = TacticProblem(operation: RMSNormalization(), inputs: [src, random.tensor([width])])
            #expect(try problem.check(RowKernel.tactics, target: target) == ["rows"])
            let leading = RMSNormalization(axis: 1)
            let both = TacticProblem(operation: leading, inputs: [src, random.tensor([1, 5, width])])
            #expect(try both.check(RowKernel.tactics, target: target) == ["rows"])
        }
        let repeating = RMSNormalization(axis: 1)
        let problem = TacticProblem(operation: repeating, inputs: [random.tensor([2, 5, 7]), random.tensor([7])])
        #expect(try problem.check(RowKernel.tactics, target: target).isEmpty, "scale repeats within a row")
    }

    /// Over an axis that is not the last, lanes are columns of their own.
    @Test(arguments: blockedTargets)
    func softmaxOfColumnsMatchesTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 5)
        for width in widths(target) {
            let src = random.tensor([2, 7, width], in: -20...20)
            for axis in [0, 1, 2] {
                for operation in [Softmax(axis: axis), LogSoftmax(axis: axis - 3)] as [any Operator] {
                    let problem = TacticProblem(operation: operation, inputs: [src])
                    let names = try problem.check(ColumnSoftmaxKernel.tactics, target: target)
                    #expect(names.isEmpty == (axis == 2 || axis == 1 && width == 1))
                }
            }
        }
        let row = (0..<19).map { $0 % 3 == 0 ? -Float.infinity : Float($0) }
        try TacticProblem(operation: Softmax(axis: 0), inputs: [Tensor(row + row, shape: [2, 19])])
            .check(ColumnSoftmaxKernel.tactics, target: target)
        try TacticProblem(operation: Softmax(axis: 1), inputs: [random.tensor([1, 21, 40, 60])])
            .check(ColumnSoftmaxKernel.tactics, target: target)
    }
}
