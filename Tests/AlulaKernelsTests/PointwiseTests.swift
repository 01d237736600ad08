// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Blocked convolutions of one tap against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct PointwiseTests {
    private func check(
        channels: (src: Int, dst: Int),
        extents: [Int],
        stride: Int = 1,
        _ random: inout SeededRandom,
        _ context: String
    ) -> BlockedCheck {
        let batch = random.int(1...2)
        let conv = Conv(window: WindowParameters(strides: [stride, stride]))
        var inputs: [Tensor?] = [
            random.tensor(Shape([batch, channels.src] + extents)),
            random.tensor([channels.dst, channels.src, 1, 1]),
            random.pick([true, false]) ? random.tensor([channels.dst]) : nil,
        ]
        let output = extents.map { ($0 - 1) / stride + 1 }
        let (stages, operands) = random.stages(after: 3, output: Shape([batch, channels.dst] + output))
        inputs += operands
        let constants = Set([1, 2] + (3..<inputs.count).filter { _ in random.pick([true, false]) })
        let operation: any Operator =
            stages.isEmpty ? conv : Fused(producer: conv, producerInputCount: 3, stages: stages)
        return BlockedCheck(operation: operation, inputs: inputs, constants: constants, context: context)
    }

    @Test(arguments: blockedTargets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...20 {
            var random = SeededRandom(seed: seed)
            let lanes = target.lanes
            let channels = (
                src: random.pick([1, lanes - 1, lanes, lanes + 1, 3 * lanes + 5]),
                dst: random.pick([2, lanes - 1, lanes, 2 * lanes + 1, 5 * lanes])
            )
            let extents = [random.int(1...7), random.int(1...29)]
            let problem = check(
                channels: channels,
                extents: extents,
                stride: random.pick([1, 1, 2]),
                &random,
                "seed \(seed)"
            )
            try problem.run(target, PointwiseTactics.tactics)
        }
    }

    /// Every tile that fits, to blocked and to planar dst, with pixels left over.
    @Test(arguments: blockedTargets, [1, 2])
    func everyTileMatchesTheReference(target: VectorTarget, stride: Int) throws {
        var random = SeededRandom(seed: 5)
        let problem = check(
            channels: (target.lanes + 3, 3 * target.lanes + 1),
            extents: [5, 37],
            stride: stride,
            &random,
            "every tile"
        )
        let tiles = (1...4).flatMap { blocks in
            Swift.stride(from: 1, through: 31, by: 3).map { PixelProductTile(blocks: blocks, pixels: $0) }
        }
        try problem.run(target) { PointwiseTactics.tactics($0, tiles: tiles) }
    }

    /// Planes of several panels, and few pixels whose chunks are shared out.
    @Test(arguments: blockedTargets)
    func everySplitIntoPartsMatchesTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 8)
        let large = check(channels: (67, 5), extents: [53, 61], &random, "panels")
        try large.run(target, limit: 2, PointwiseTactics.tactics)
        let small = check(channels: (40, 230), extents: [3, 3], &random, "chunks")
        try small.run(target, limit: 2, PointwiseTactics.tactics)
        let rows = check(channels: (67, 5), extents: [83, 91], stride: 2, &random, "panels of rows")
        try rows.run(target, limit: 2, PointwiseTactics.tactics)
    }

    @Test func largerWindowsAreRejectedWithTheReason() {
        let axis = WindowAxis(srcExtent: 5, dstExtent: 3, kernelExtent: 3)
        let descriptor = PointwiseDescriptor(srcChannels: 4, dstChannels: 4, rows: axis, columns: axis)
        #expect(descriptor.rejection(lanes: 8) == "a window of 3 taps with padding 0, 0")
    }
}
