// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Blocked depthwise convolutions against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct DepthwiseTests {
    /// A convolution of one channel a group with its stages.
    private func check(
        _ rows: WindowAxis,
        _ columns: WindowAxis,
        channels: Int,
        _ random: inout SeededRandom,
        _ context: String
    ) -> BlockedCheck {
        let batch = random.int(1...2)
        let hasBias = random.pick([true, false])
        let conv = Conv(window: WindowParameters(rows, columns), group: channels)
        var inputs: [Tensor?] = [
            random.tensor([batch, channels, rows.srcExtent, columns.srcExtent]),
            random.tensor([channels, 1, rows.kernelExtent, columns.kernelExtent]),
            hasBias ? random.tensor([channels]) : nil,
        ]
        let (stages, operands) = random.stages(
            after: 3,
            output: [batch, channels, rows.dstExtent, columns.dstExtent]
        )
        inputs += operands
        let constants = Set([1, 2] + (3..<inputs.count).filter { _ in random.pick([true, false]) })
        let operation: any Operator =
            stages.isEmpty ? conv : Fused(producer: conv, producerInputCount: 3, stages: stages)
        return BlockedCheck(operation: operation, inputs: inputs, constants: constants, context: context)
    }

    @Test(arguments: blockedTargets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...24 {
            var random = SeededRandom(seed: seed)
            let rows = random.windowAxis(kernel: 1...5, stride: 1...3, pad: 0...3)
            let columns = random.windowAxis(kernel: 1...5, stride: 1...3, pad: 0...3)
            let channels = random.pick([2, target.lanes - 1, target.lanes, 2 * target.lanes + 1])
            let problem = check(rows, columns, channels: channels, &random, "seed \(seed)")
            try problem.run(target, DepthwiseTactics.tactics)
        }
    }

    /// Windows of 3×3 and 5×5 with every tile that fits.
    @Test(arguments: blockedTargets, [(3, 1), (3, 2), (5, 1), (5, 2)])
    func everyTileMatchesTheReference(target: VectorTarget, window: (kernel: Int, stride: Int)) throws {
        var random = SeededRandom(seed: 7)
        let axis = WindowAxis(
            srcExtent: 23,
            dstExtent: (22 + window.stride) / window.stride,
            kernelExtent: window.kernel,
            stride: window.stride,
            padBegin: window.kernel / 2,
            padEnd: window.kernel / 2
        )
        let problem = check(axis, axis, channels: target.lanes + 1, &random, "every tile")
        let descriptor = DepthwiseDescriptor(channels: target.lanes + 1, rows: axis, columns: axis, hasBias: false)
        let tiles = descriptor.rankedTiles(target).map(\.tile)
        #expect(tiles.contains(where: \.loopsOverTapRows) && tiles.contains { $0.rows > 1 })
        // Every third one: neighbours differ little, and debug builds are slow.
        for (index, tile) in tiles.enumerated() where index % 3 == 0 {
            try problem.run(target) { DepthwiseTactics.tactics($0, tiles: [tile]) }
        }
    }

    /// Larger than the code of all taps may be: a loop over rows of taps, weights read from memory.
    @Test(arguments: blockedTargets)
    func largeWindowsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let axis = WindowAxis(srcExtent: 20, dstExtent: 20, kernelExtent: 15, padBegin: 7, padEnd: 7)
        try check(axis, axis, channels: target.lanes, &random, "15×15").run(target, DepthwiseTactics.tactics)
    }

    /// Planes so large that a part is a stretch of rows.
    @Test(arguments: blockedTargets)
    func stretchesOfRowsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        let axis = WindowAxis(srcExtent: 71, dstExtent: 71, kernelExtent: 3, padBegin: 1, padEnd: 1)
        let columns = WindowAxis(srcExtent: 300, dstExtent: 149, kernelExtent: 3, stride: 2)
        try check(axis, columns, channels: 2, &random, "large").run(target, limit: 1, DepthwiseTactics.tactics)
    }

    @Test func anInterpretedConvolutionMatchesTheReference() throws {
        let axis = WindowAxis(srcExtent: 5, dstExtent: 5, kernelExtent: 3, padBegin: 1, padEnd: 1)
        let descriptor = DepthwiseDescriptor(channels: 9, rows: axis, columns: axis, hasBias: false)
        var random = SeededRandom(seed: 5)
        let (src, weights) = (random.tensor([1, 9, 5, 5]), random.tensor([9, 1, 3, 3]))
        let made = try DepthwiseConvolution(descriptor, batch: 1, target: nil, cache: CodeCache())
        let kernel = made.prepared(constants: [nil, weights], packed: PackedConstants())
        let layout = BlockedLayout(lanes: made.schedule.lanes)
        let dst = Tensor(zeros: .float32, shape: layout.shape(of: src.shape))
        for part in 0..<kernel.partCount {
            kernel.run(part: part, inputs: [layout.blocked(src), weights], outputs: [dst])
        }
        let expected = Tensor(zeros: .float32, shape: src.shape)
        try Conv(window: WindowParameters(axis, axis), group: 9).evaluate([src, weights, nil], into: [expected])
        let differences = zip(
            layout.planar(dst, shape: src.shape).elements(as: Float.self),
            expected.elements(as: Float.self)
        )
        #expect(differences.allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func whatIsNotCoveredIsRejectedWithTheReason() {
        let axis = WindowAxis(srcExtent: 5, dstExtent: 0, kernelExtent: 3)
        let descriptor = DepthwiseDescriptor(channels: 4, rows: axis, columns: axis)
        #expect(descriptor.rejection(lanes: 8) == "nothing to do")
    }
}
