// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Blocked poolings against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct BlockedPoolingTests {
    /// A producer of one input with stages drawn at random.
    private func check(
        _ producer: any Operator,
        _ src: Tensor,
        _ random: inout SeededRandom,
        context: String
    ) throws -> BlockedCheck {
        let output = try producer.inferOutputs([OperatorInput(src)])[0].shape
        let (stages, operands) = random.stages(after: 1, output: output)
        let operation: any Operator =
            stages.isEmpty ? producer : Fused(producer: producer, producerInputCount: 1, stages: stages)
        return BlockedCheck(operation: operation, inputs: [src] + operands, context: context)
    }

    /// A window pooling drawn at random, with all flags.
    private func pooling(_ random: inout SeededRandom) -> (producer: any Operator, extents: [Int]) {
        let rows = random.windowAxis(kernel: 1...4, stride: 1...3, pad: 0...1)
        let columns = random.windowAxis(kernel: 1...4, stride: 1...3, pad: 0...1)
        let kernelShape = [rows.kernelExtent, columns.kernelExtent]
        let window = WindowParameters(rows, columns)
        let ceilMode = random.pick([true, false])
        let producer: any Operator =
            random.pick([true, false])
            ? MaxPool(kernelShape: kernelShape, window: window, ceilMode: ceilMode)
            : AveragePool(
                kernelShape: kernelShape,
                window: window,
                ceilMode: ceilMode,
                countsPadding: random.pick([true, false])
            )
        return (producer, [rows.srcExtent, columns.srcExtent])
    }

    @Test(arguments: blockedTargets)
    func randomWindowsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...32 {
            var random = SeededRandom(seed: seed)
            let (producer, extents) = pooling(&random)
            let channels = random.pick([1, target.lanes - 1, target.lanes, 2 * target.lanes + 1])
            let src = random.tensor(Shape([random.int(1...2), channels] + extents))
            try check(producer, src, &random, context: "seed \(seed)").run(target, PoolingTactics.tactics)
        }
    }

    /// A loop over rows of taps, with rows near the edges that see fewer.
    @Test(arguments: blockedTargets, [true, false])
    func tilesThatLoopOverTapRowsMatchTheReference(target: VectorTarget, countsPadding: Bool) throws {
        var random = SeededRandom(seed: 2)
        let window = WindowParameters(padsBegin: [6, 6], padsEnd: [6, 6])
        let src = random.tensor([1, target.lanes, 20, 20])
        for producer: any Operator in [
            MaxPool(kernelShape: [13, 13], window: window),
            AveragePool(kernelShape: [13, 13], window: window, countsPadding: countsPadding),
        ] {
            let problem = try check(producer, src, &random, context: "13×13")
            try problem.run(target) { problem in
                PoolingTactics.tactics(problem, tiles: [WindowTile(rows: 1, columns: 3, loopsOverTapRows: true)])
            }
        }
    }

    @Test(arguments: blockedTargets)
    func maximaIgnoreNaNAndKeepInfinities(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        let specials: [Float] = [.nan, .infinity, -.infinity, -0.0, 0, 1, .nan, -1]
        let src = Tensor((0..<(2 * 5 * 49)).map { _ in random.pick(specials) }, shape: [2, 5, 7, 7])
        let allNaN = Tensor([Float](repeating: .nan, count: 49), shape: [1, 1, 7, 7])
        for input in [src, allNaN] {
            let window = BlockedCheck(operation: MaxPool(kernelShape: [2, 3]), inputs: [input])
            try window.run(target, PoolingTactics.tactics)
            let plane = BlockedCheck(operation: GlobalMaxPool(), inputs: [input])
            try plane.run(target, PoolingTactics.tactics)
        }
    }

    @Test(arguments: blockedTargets, [[1, 1], [1, 7], [3, 3], [7, 7], [17, 29]])
    func wholePlanesMatchTheReference(target: VectorTarget, extents: [Int]) throws {
        for (index, producer) in ([GlobalMaxPool(), GlobalAveragePool()] as [any Operator]).enumerated() {
            for channels in [1, target.lanes + 1, 3 * target.lanes] {
                var random = SeededRandom(seed: UInt64(channels + index))
                let src = random.tensor(Shape([2, channels] + extents))
                try check(producer, src, &random, context: "").run(target, PoolingTactics.tactics)
            }
        }
    }

    @Test(arguments: blockedTargets, [true, false])
    func reductionsOverSpatialAxesMatchTheReference(target: VectorTarget, keeps: Bool) throws {
        var random = SeededRandom(seed: 6)
        let src = random.tensor([2, target.lanes + 3, 5, 6])
        let axes = Tensor([Int64(-1), 2], shape: [2])
        for operation: any Operator in [ReduceMean(keepsDimensions: keeps), ReduceSum(keepsDimensions: keeps)] {
            let problem = BlockedCheck(operation: operation, inputs: [src, axes], constants: [1])
            try problem.run(target, PoolingTactics.tactics)
        }
    }

    /// Indices are not for blocked layout, reductions over other axes neither.
    @Test(arguments: blockedTargets.prefix(1))
    func whatIsNotCoveredHasNoTactic(target: VectorTarget) throws {
        let src = TensorType(.float32, [1, 8, 4, 4])
        let pool = MaxPool(kernelShape: [2, 2])
        let outputs = try pool.inferOutputs([OperatorInput(src)])
        let withIndices = KernelProblem(pool, inputs: [src], outputs: outputs, target: target)
        #expect(PoolingTactics.tactics(withIndices).isEmpty)
        let axes = Tensor([Int64(1)], shape: [1])
        let channels = KernelProblem(
            ReduceMean(),
            inputs: [src, axes.type],
            outputs: [TensorType(.float32, [1, 1, 4, 4])],
            constants: [nil, axes],
            target: target
        )
        #expect(PoolingTactics.tactics(channels).isEmpty)
    }
}
