// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Generated resizings, planar and blocked, against the scalar definition.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct ResizeKernelTests {
    private static let transformations = CoordinateTransformation.allCases.filter { $0 != .cropAndResize }

    private func check(
        _ resize: Resize,
        _ src: Tensor,
        _ sizes: [Int],
        _ target: VectorTarget,
        expects names: [String]? = ["resize", "resize blocked"],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let extents = Tensor(sizes.map { Int64($0) }, shape: [sizes.count])
        let problem = TacticProblem(
            operation: resize,
            inputs: [src, nil, nil, extents],
            constantInputs: [3],
            tolerance: resize.interpolation == .nearest ? 0 : 2e-6
        )
        let ran = try problem.check(ResizeKernel.tactics, target: target, sourceLocation: sourceLocation)
        if let names { #expect(ran == names, sourceLocation: sourceLocation) }
    }

    @Test(arguments: blockedTargets, Interpolation.allCases)
    func everyTransformationMatches(target: VectorTarget, interpolation: Interpolation) throws {
        var random = SeededRandom(seed: 1)
        for transformation in Self.transformations {
            for round in 0..<6 {
                let resize = Resize(
                    interpolation: interpolation,
                    transformation: transformation,
                    rounding: NearestRounding.allCases[round % NearestRounding.allCases.count],
                    excludesOutside: round == 5 && interpolation != .nearest
                )
                let channels = random.pick([1, 3, target.lanes, target.lanes + 1])
                let src = random.tensor([2, channels, random.int(1...7), random.int(1...19)])
                // Some transformations move channels even where their number stays: those are left alone.
                try check(resize, src, [2, channels, random.int(1...15), random.int(1...40)], target, expects: nil)
            }
        }
    }

    @Test(arguments: blockedTargets, Interpolation.allCases)
    func wholeFactorsMatch(target: VectorTarget, interpolation: Interpolation) throws {
        var random = SeededRandom(seed: 2)
        let lanes = target.lanes
        let resize = Resize(interpolation: interpolation, transformation: .asymmetric, rounding: .floor)
        for (rows, columns) in [(2, 2), (1, 3), (3, 1), (4, 2), (1, 1)] {
            for width in [1, lanes - 1, 2 * lanes + 1] {
                let src = random.tensor([1, lanes + 3, 5, width])
                try check(resize, src, [1, lanes + 3, 5 * rows, width * columns], target)
            }
        }
        try check(resize, random.tensor([2, 3, 9]), [2, 3, 30], target)
        try check(resize, random.tensor([1, 4, 40, 50]), [1, 4, 20, 25], target)
    }

    @Test(arguments: blockedTargets)
    func antialiasedWindowsMatchAsLongAsTheyAreShort(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let resize = Resize(interpolation: .linear, isAntialiased: true)
        try check(resize, random.tensor([1, 5, 12, 18]), [1, 5, 7, 11], target)
        try check(resize, random.tensor([1, 5, 90, 18]), [1, 5, 7, 11], target, expects: [])
    }

    @Test func otherResizingsAreLeftToOthers() throws {
        let target = try #require(blockedTargets.first)
        var random = SeededRandom(seed: 4)
        try check(Resize(), random.tensor([1, 3, 4, 5]), [1, 6, 4, 5], target, expects: [])
        let cropping = Resize(interpolation: .linear, transformation: .cropAndResize)
        let outside = TacticProblem(
            operation: cropping,
            inputs: [
                random.tensor([1, 1, 4, 4]), Tensor([0, 0, -0.5, -0.5, 1, 1, 1.5, 1.5] as [Float], shape: [8]), nil,
                Tensor([1, 1, 3, 3] as [Int64], shape: [4]),
            ],
            constantInputs: [1, 3]
        )
        #expect(try outside.check(ResizeKernel.tactics, target: target).isEmpty)
    }
}
