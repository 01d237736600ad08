// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct RearrangementTests {
    @Test(arguments: [false, true])
    func depthGoesToSpaceByItsFormula(isChannelMajor: Bool) throws {
        var random = ProblemGenerator(seed: 1)
        let (b, channels) = (2, 3)
        let src = random.floats([2, channels * b * b, 2, 3])
        let operation = DepthToSpace(blockExtent: b, isChannelMajor: isChannelMajor)
        let dst = try evaluateFirst(operation, src)
        #expect(dst.shape == [2, channels, 4, 6])
        let expected = makeTensor(dst.shape) { index in
            let (i, j) = (index[2] % b, index[3] % b)
            let channel = isChannelMajor ? (index[1] * b + i) * b + j : (i * b + j) * channels + index[1]
            return src.at([index[0], channel, index[2] / b, index[3] / b])
        }
        #expect(largestDifference(dst, expected) == 0)
        #expect(try DepthToSpace(attributes: operation.attributes).attributes == operation.attributes)
    }

    @Test func spaceToDepthIsTheInverse() throws {
        var random = ProblemGenerator(seed: 2)
        let src = random.floats([1, 2, 6, 9])
        let there = try evaluateFirst(SpaceToDepth(blockExtent: 3), src)
        #expect(there.shape == [1, 18, 2, 3])
        #expect(largestDifference(try evaluateFirst(DepthToSpace(blockExtent: 3), there), src) == 0)
    }

    @Test func blocksMustDivideTheExtents() {
        let cases: [(any Operator, Shape)] = [
            (DepthToSpace(blockExtent: 2), [1, 6, 2, 2]), (DepthToSpace(blockExtent: 0), [1, 4, 2, 2]),
            (SpaceToDepth(blockExtent: 2), [1, 1, 3, 4]), (SpaceToDepth(blockExtent: -1), [1, 1, 2, 2]),
            (SpaceToDepth(blockExtent: 2), [1, 2, 2]),
        ]
        for (operation, shape) in cases {
            #expect(throws: OperatorError.self) {
                try operation.inferOutputs([OperatorInput(TensorType(.float32, shape))])
            }
        }
    }
}

@Suite struct NonMaxSuppressionTests {
    private let boxes = Tensor(
        [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11, 0, 10.4, 1, 11.4] as [Float],
        shape: [1, 4, 4]
    )

    private func select(_ scores: [Float], limit: Int64, overlap: Float? = nil, score: Float? = nil) throws -> [Int64] {
        try evaluateFirst(
            NonMaxSuppression(),
            boxes,
            Tensor(scores, shape: [1, 1, 4]),
            Tensor(scalar: limit),
            overlap.map { Tensor(scalar: $0) },
            score.map { Tensor(scalar: $0) }
        ).elements(as: Int64.self)
    }

    @Test func theBestOfOverlappingBoxesStays() throws {
        // Intersection over union: boxes 0 and 1 about 0.82, boxes 2 and 3 about 0.43.
        #expect(try select([0.5, 0.9, 0.8, 0.7], limit: 9, overlap: 0.5) == [0, 0, 1, 0, 0, 2, 0, 0, 3])
        #expect(try select([0.5, 0.9, 0.8, 0.7], limit: 9, overlap: 0.4) == [0, 0, 1, 0, 0, 2])
        #expect(try select([0.5, 0.9, 0.8, 0.7], limit: 1, overlap: 0.5) == [0, 0, 1])
        #expect(try select([0.5, 0.9, 0.8, 0.7], limit: 9, overlap: 0.5, score: 0.8) == [0, 0, 1])
        #expect(try select([1, 1, 1, 1], limit: 9) == [0, 0, 0, 0, 0, 2])
    }

    @Test func noLimitMeansNoBoxes() throws {
        let dst = try evaluateFirst(NonMaxSuppression(), boxes, Tensor([1, 1, 1, 1] as [Float], shape: [1, 1, 4]))
        #expect(dst.shape == [0, 3])
    }

    @Test func theCountNeedsTheScores() {
        let inputs = [OperatorInput(boxes), OperatorInput(TensorType(.float32, [1, 1, 4]))]
        #expect(throws: OperatorError.valueRequired(input: 1)) { try NonMaxSuppression().inferOutputs(inputs) }
        let unfit = [OperatorInput(boxes), OperatorInput(TensorType(.float32, [1, 1, 5]))]
        #expect(throws: OperatorError.self) { try NonMaxSuppression().inferOutputs(unfit) }
    }
}
