// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

@Suite struct FourierTransformTests {
    /// The definition, for one line of complex numbers.
    private func transform(_ signal: [(Double, Double)], length: Int, isInverse: Bool) -> [(Double, Double)] {
        (0..<length).map { k in
            var sum = (0.0, 0.0)
            for (n, x) in signal.prefix(length).enumerated() {
                let angle = (isInverse ? 2 : -2) * Double.pi * Double(k * n) / Double(length)
                sum.0 += x.0 * cos(angle) - x.1 * sin(angle)
                sum.1 += x.0 * sin(angle) + x.1 * cos(angle)
            }
            return isInverse ? (sum.0 / Double(length), sum.1 / Double(length)) : sum
        }
    }

    @Test(arguments: [false, true], [4, 6, 9])
    func transformsFollowTheDefinition(isInverse: Bool, length: Int) throws {
        var random = ProblemGenerator(seed: 21)
        let src = random.floats([2, 6, 3, 2])
        let dst = try evaluateFirst(
            DFT(isInverse: isInverse),
            src,
            Tensor(scalar: Int64(length)),
            Tensor(scalar: Int64(1))
        )
        #expect(dst.shape == [2, length, 3, 2])
        for outer in 0..<2 {
            for column in 0..<3 {
                let line = (0..<6).map { (src.at([outer, $0, column, 0]), src.at([outer, $0, column, 1])) }
                for (k, value) in transform(line, length: length, isInverse: isInverse).enumerated() {
                    #expect(abs(dst.at([outer, k, column, 0]) - value.0) < 1e-5)
                    #expect(abs(dst.at([outer, k, column, 1]) - value.1) < 1e-5)
                }
            }
        }
    }

    @Test(arguments: [7, 8])
    func oneSidedTransformsAreInverseToEachOther(length: Int) throws {
        var random = ProblemGenerator(seed: 22)
        let src = random.floats([3, length, 1])
        let spectrum = try evaluateFirst(DFT(isOneSided: true), src)
        #expect(spectrum.shape == [3, length / 2 + 1, 2])
        let restored = try evaluateFirst(
            DFT(isInverse: true, isOneSided: true),
            spectrum,
            Tensor(scalar: Int64(length))
        )
        #expect(largestDifference(restored, src) < 1e-6)
    }

    @Test func spectraOfFramesAreThoseOfTheirWindows() throws {
        var random = ProblemGenerator(seed: 23)
        let (src, window) = (random.floats([2, 20, 1]), random.floats([6]))
        let dst = try evaluateFirst(STFT(), src, Tensor(scalar: Int64(4)), window)
        #expect(dst.shape == [2, 4, 4, 2])
        for frame in 0..<4 {
            let part = makeTensor([2, 6, 1]) { src.at([$0[0], frame * 4 + $0[1], 0]) * window.at([$0[1]]) }
            let spectrum = try evaluateFirst(DFT(isOneSided: true), part)
            let got = makeTensor([2, 4, 2]) { dst.at([$0[0], frame, $0[1], $0[2]]) }
            #expect(largestDifference(got, spectrum) < 1e-6)
        }
        #expect(throws: OperatorError.self) { try evaluateFirst(STFT(), src, Tensor(scalar: Int64(0)), window) }
    }
}

@Suite struct LinearMapTests {
    /// By expansion along the first row.
    private func determinant(_ rows: [[Double]]) -> Double {
        guard let first = rows.first else { return 1 }
        return first.indices.map { column in
            let minor = rows.dropFirst().map { $0[..<column] + $0[(column + 1)...] }
            return (column % 2 == 0 ? 1 : -1) * first[column] * determinant(minor.map(Array.init))
        }.reduce(0, +)
    }

    @Test(arguments: 0...5)
    func determinantsAreTheirExpansion(order: Int) throws {
        var random = ProblemGenerator(seed: 24)
        let src = random.floats([3, order, order])
        let dst = try evaluateFirst(Det(), src)
        #expect(dst.shape == [3])
        for index in 0..<3 {
            let rows = (0..<order).map { row in (0..<order).map { src.at([index, row, $0]) } }
            #expect(abs(dst.at([index]) - determinant(rows)) < 1e-6)
        }
        #expect(throws: OperatorError.self) { try evaluateFirst(Det(), Tensor(zeros: .float32, shape: [2, 3])) }
    }

    @Test(arguments: [false, true])
    func gridPointsAreTransformedPositions(alignsCorners: Bool) throws {
        var random = ProblemGenerator(seed: 25)
        let transforms = random.floats([2, 3, 4])
        let extents = Tensor([2, 1, 2, 3, 4] as [Int64], shape: [5])
        let dst = try evaluateFirst(AffineGrid(alignsCorners: alignsCorners), transforms, extents)
        func position(_ index: Int, _ extent: Int) -> Double {
            alignsCorners ? -1 + 2 * Double(index) / Double(extent - 1) : -1 + Double(2 * index + 1) / Double(extent)
        }
        let expected = makeTensor([2, 2, 3, 4, 3]) { index in
            let point = [position(index[3], 4), position(index[2], 3), position(index[1], 2), 1]
            return (0..<4).map { transforms.at([index[0], index[4], $0]) * point[$0] }.reduce(0, +)
        }
        #expect(largestDifference(dst, expected) < 1e-6)
    }
}

@Suite struct MelWeightMatrixTests {
    @Test func bandsRiseToOneAndFall() throws {
        let inputs = [
            Tensor(scalar: Int64(8)), Tensor(scalar: Int64(512)), Tensor(scalar: Int64(16_000)),
            Tensor(scalar: Float(100)), Tensor(scalar: Float(8_000)),
        ]
        let dst = try evaluateAll(MelWeightMatrix(), inputs)[0]
        #expect(dst.shape == [257, 8])
        var lastCentre = -1
        for band in 0..<8 {
            let column = (0..<257).map { dst.at([$0, band]) }
            let centre = try #require(column.firstIndex(of: 1))
            #expect(centre > lastCentre && column.allSatisfy { 0...1 ~= $0 })
            #expect(zip(column[..<centre], column[1...centre]).allSatisfy { $0 <= $1 })
            #expect(zip(column[centre...], column[centre...].dropFirst()).allSatisfy { $0 >= $1 })
            lastCentre = centre
        }
        #expect(throws: OperatorError.self) {
            try evaluateAll(MelWeightMatrix(), inputs.dropLast() + [Tensor(scalar: Float(1e6))])
        }
    }
}
