// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

private func list(_ values: [Int]) -> Tensor { Tensor(values.map { Int64($0) }, shape: [values.count]) }

/// Generated reductions, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct ReductionTests {
    private static let functions: [any AlulaOperators.ReductionOperator] = [
        ReduceSum(), ReduceMean(keepsDimensions: false), ReduceL1(), ReduceL2(), ReduceSumSquare(), ReduceMax(),
        ReduceMin(keepsDimensions: false), ReduceLogSum(),
    ]

    private func check(_ operation: any Operator, _ src: Tensor, axes: [Int]?, _ target: VectorTarget) throws {
        let problem = TacticProblem(
            operation: operation,
            inputs: axes.map { [src, list($0)] } ?? [src],
            constantInputs: [1],
            tolerance: 2e-6
        )
        #expect(try problem.check(ReductionKernel.tactics, target: target) == ["reduction"])
    }

    @Test(arguments: blockedTargets, functions.indices)
    func everySetOfAxesMatches(target: VectorTarget, function: Int) throws {
        var random = SeededRandom(seed: 1)
        let operation = Self.functions[function]
        for shape: Shape in [[2, 3, 5, 2 * target.lanes + 3], [3, 2, target.lanes + 1, 3]] {
            let src = random.tensor(shape, in: operation is ReduceLogSum ? 0.5...2 : -1...1)
            for mask in 1..<16 {
                let axes = (0..<4).filter { mask >> $0 & 1 == 1 }
                try check(operation, src, axes: axes.map { mask % 2 == 0 ? $0 : $0 - 4 }, target)
            }
            try check(operation, src, axes: nil, target)
        }
    }

    /// Rows and columns around vectors, rounds and chunks of them.
    @Test(arguments: blockedTargets)
    func everyTailMatches(target: VectorTarget) throws {
        var random = SeededRandom(seed: 2)
        let lanes = target.lanes
        for count in tailSizes(lanes) + tailSizes(4 * lanes) + [9 * lanes + 5, 16 * lanes, 37 * lanes + 3]
        where count > 0 {
            for operation in [ReduceSum(), ReduceMax()] as [any Operator] {
                try check(operation, random.tensor([5, count]), axes: [1], target)
                try check(operation, random.tensor([7, count]), axes: [0], target)
                try check(operation, random.tensor([2, 3, count]), axes: [1], target)
            }
        }
        for count in 1...lanes { try check(ReduceMean(), random.tensor([2 * lanes + 3, count]), axes: [-1], target) }
        // Of one sign, so that the sum is no small rest of large numbers.
        let long = random.tensor([300, 700], in: 0...1)
        try check(ReduceSum(), long, axes: [0], target)
        try check(ReduceSum(), long, axes: [0, 1], target)
        try check(ReduceMean(), random.tensor([40, 3, 1000]), axes: [0, 2], target)
    }

    @Test(arguments: blockedTargets)
    func loopsOfSeveralReducedAxesMatch(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let src = random.tensor([2, 3, 2, 4, 3, 2, 19])
        for axes in [[0, 2, 4], [1, 3, 5], [0, 2, 4, 6], [1, 3, 6], [0, 1, 3, 4]] {
            try check(ReduceSum(), src, axes: axes, target)
            try check(ReduceMin(), src, axes: axes, target)
        }
        try check(GlobalAveragePool(), random.tensor([2, 5, 7, 9]), axes: nil, target)
    }

    /// NaN wins wherever it stands; infinities and zeros of both signs are elements like others.
    @Test(arguments: blockedTargets)
    func extremesOfSpecialValuesMatch(target: VectorTarget) throws {
        let lanes = target.lanes
        for count in [1, 3, lanes - 1, lanes, lanes + 1, 6 * lanes + 1] {
            for position in Set([0, count / 2, count - 1]) {
                for special in [Float.nan, .infinity, -.infinity] {
                    var row = (0..<count).map { Float($0 % 7) - 3 }
                    row[position] = special
                    let src = Tensor(row + row.map { -$0 }, shape: [2, count])
                    let turned = Tensor(zip(row, row.map { -$0 }).flatMap { [$0, $1] }, shape: [count, 2])
                    for operation in [ReduceMax(), ReduceMin()] as [any Operator] {
                        try check(operation, src, axes: [1], target)
                        try check(operation, turned, axes: [0], target)
                        try check(operation, src, axes: [0], target)
                    }
                }
            }
            let lowest = Tensor([Float](repeating: -.infinity, count: count), shape: [1, count])
            try check(ReduceMax(), lowest, axes: [1], target)
        }
    }

    @Test func axesThatAreNotKnownAreLeftToOthers() throws {
        let problem = KernelProblem(
            ReduceSum(),
            inputs: [TensorType(.float32, [2, 3]), TensorType(.int64, [1])],
            outputs: [TensorType(.float32, [2, 1])],
            target: blockedTargets.first
        )
        #expect(ReductionKernel.tactics(problem).isEmpty)
    }
}

/// Generated positions of extremes, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct ExtremeIndexTests {
    private func check(_ src: Tensor, axis: Int, _ target: VectorTarget) throws {
        for selectsLast in [false, true] {
            for operation in [
                ArgMax(axis: axis, selectsLast: selectsLast),
                ArgMin(axis: axis, keepsDimensions: false, selectsLast: selectsLast),
            ] as [any Operator] {
                let problem = TacticProblem(operation: operation, inputs: [src], tolerance: 0)
                #expect(try problem.check(ExtremeIndexKernel.tactics, target: target) == ["extreme index"])
            }
        }
    }

    @Test(arguments: blockedTargets)
    func everyAxisAndTailMatches(target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        let lanes = target.lanes
        for count in tailSizes(lanes) + [3 * lanes, 5 * lanes + 2, 1000] where count > 0 {
            // Few values, so that most extremes have equals.
            func tensor(_ shape: Shape) -> Tensor {
                Tensor((0..<shape.elementCount).map { _ in Float(random.int(-3...3)) }, shape: shape)
            }
            try check(tensor([7, count]), axis: 1, target)
            try check(tensor([7, count]), axis: 0, target)
            try check(tensor([3, 4, count]), axis: -2, target)
        }
        try check(random.tensor([2, 21, 70, 40]), axis: 1, target)
        try check(random.tensor([3, 1, 5]), axis: 1, target)
    }

    @Test(arguments: blockedTargets)
    func specialValuesMatch(target: VectorTarget) throws {
        for count in [2, target.lanes - 1, target.lanes, 3 * target.lanes + 1] {
            for specials: [Float] in [[.nan], [.nan, .nan], [-.infinity], [.infinity, .infinity], [0, -0.0]] {
                for first in [-Float.infinity, -2, .infinity] {
                    var row = [Float](repeating: first, count: count)
                    for (index, special) in specials.enumerated() { row[(count / 2 + index * 3) % count] = special }
                    try check(Tensor(row, shape: [1, count]), axis: 1, target)
                    try check(Tensor(row, shape: [count, 1, 1]), axis: 0, target)
                    try check(Tensor(row.flatMap { [$0, -$0, 1] }, shape: [count, 3]), axis: 0, target)
                }
            }
        }
    }
}
