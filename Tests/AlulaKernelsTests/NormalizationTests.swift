// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Generated normalizations of groups of channels, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct NormalizationTests {
    private func check(
        _ operation: any Operator,
        _ src: Tensor,
        scaleCount: Int,
        _ target: VectorTarget,
        _ random: inout SeededRandom
    ) throws -> [String] {
        let problem = TacticProblem(
            operation: operation,
            inputs: [src, random.tensor([scaleCount]), random.tensor([scaleCount])],
            constantInputs: [1, 2],
            tolerance: 3e-6
        )
        return try problem.check(GroupNormalizationKernel.tactics, target: target)
    }

    @Test(arguments: blockedTargets)
    func channelsMatch(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        let lanes = target.lanes
        for shape: Shape in [
            [1, 1, 1], [2, 3, 7], [1, lanes, lanes + 1], [2, 2 * lanes + 1, 3, 5], [1, 2, 63, 65], [1, 5, 90, 101],
            [1, lanes + 2, 4 * 1024 / lanes + 3],
        ] {
            let src = random.tensor(shape, in: 3...5)
            let names = try check(InstanceNormalization(), src, scaleCount: shape[1], target, &random)
            #expect(names == ["normalization", "normalization blocked"])
        }
    }

    @Test(arguments: blockedTargets)
    func groupsMatch(target: VectorTarget) throws {
        var random = SeededRandom(seed: 2)
        let lanes = target.lanes
        for (groups, channels, plane): (Int, Int, [Int]) in [
            (1, 6, [3, 7]), (3, 6, [5]), (2, 4 * lanes, [9, 5]), (2, 2 * lanes, [1, 2]), (1, 3 * lanes, [37, 41]),
            (4, 12, [33, 31]), (2, 2, []),
        ] {
            let src = random.tensor(Shape([2, channels] + plane), in: -2...3)
            let names = try check(GroupNormalization(groupCount: groups), src, scaleCount: channels, target, &random)
            let isBlocked = channels / groups % lanes == 0 && !plane.isEmpty
            #expect(names.contains("normalization blocked") == (isBlocked || groups == channels && !plane.isEmpty))
            let scaledPerGroup = GroupNormalization(groupCount: groups, isScaledPerGroup: true)
            _ = try check(scaledPerGroup, src, scaleCount: groups, target, &random)
        }
    }

    /// A mean far above the deviation does not spoil the variance.
    @Test(arguments: blockedTargets)
    func distantMeansKeepTheirVariance(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let src = random.tensor([1, 2, 100, 100], in: 999...1001)
        let problem = TacticProblem(
            operation: InstanceNormalization(epsilon: 1e-6),
            inputs: [src, Tensor([1, 2] as [Float], shape: [2]), Tensor([0, 1] as [Float], shape: [2])],
            constantInputs: [1, 2],
            tolerance: 2e-4  // elements themselves are rounded to 6e-5 of their deviation
        )
        try problem.check(GroupNormalizationKernel.tactics, target: target)
    }
}
