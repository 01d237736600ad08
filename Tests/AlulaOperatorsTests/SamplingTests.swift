// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct GridSampleTests {
    /// The grid whose positions are the centres of src's elements.
    private func identityGrid(_ height: Int, _ width: Int, alignsCorners: Bool) -> Tensor {
        makeTensor([1, height, width, 2]) { index in
            let (position, extent) = index[3] == 0 ? (index[2], width) : (index[1], height)
            if alignsCorners { return extent == 1 ? 0 : 2 * Double(position) / Double(extent - 1) - 1 }
            return (2 * Double(position) + 1) / Double(extent) - 1
        }
    }

    @Test(arguments: Interpolation.allCases, GridSample.Padding.allCases)
    func theIdentityGridCopies(interpolation: Interpolation, padding: GridSample.Padding) throws {
        var random = ProblemGenerator(seed: 1)
        let src = random.floats([1, 2, 3, 5])
        for alignsCorners in [false, true] {
            let operation = GridSample(interpolation: interpolation, padding: padding, alignsCorners: alignsCorners)
            let dst = try evaluateFirst(operation, src, identityGrid(3, 5, alignsCorners: alignsCorners))
            #expect(largestDifference(dst, src) < 1e-5)
            #expect(try GridSample(attributes: operation.attributes).attributes == operation.attributes)
        }
    }

    @Test func paddingDecidesWhatLiesOutside() throws {
        let src = Tensor([1, 2, 3] as [Float], shape: [1, 1, 3])
        // Elements −1, −2 and 4 of src: normalised (2 i + 1) / 3 − 1.
        let grid = Tensor([-4.0 / 3, -2, 2] as [Float], shape: [1, 3, 1])
        let expected: [(GridSample.Padding, [Float])] = [
            (.zeros, [0, 0, 0]), (.border, [1, 1, 3]), (.reflection, [1, 2, 2]),
        ]
        for (padding, elements) in expected {
            for interpolation in [Interpolation.nearest, .linear] {
                let operation = GridSample(interpolation: interpolation, padding: padding)
                let dst = try evaluateFirst(operation, src, grid).elements(as: Float.self)
                #expect(zip(dst, elements).allSatisfy { abs($0 - $1) < 1e-5 }, "\(padding) \(interpolation)")
            }
        }
    }

    @Test(arguments: Interpolation.allCases, GridSample.Padding.allCases)
    func wildPositionsDoNotTrap(interpolation: Interpolation, padding: GridSample.Padding) throws {
        let src = Tensor([1, 2] as [Float], shape: [1, 1, 2])
        let grid = Tensor([.nan, .infinity, -.infinity, 1e30, -1e30] as [Float], shape: [1, 5, 1])
        let operation = GridSample(interpolation: interpolation, padding: padding, alignsCorners: true)
        for value in try evaluateFirst(operation, src, grid).elements(as: Float.self) {
            #expect(padding == .zeros ? value == 0 : value >= 0.99 && value <= 2.01)
        }
    }

    @Test func unfitGridsAreNamed() {
        let src = OperatorInput(TensorType(.float32, [2, 1, 4, 4]))
        for grid in [[1, 3, 3, 2], [2, 3, 3, 3], [2, 3, 2]] as [Shape] {
            #expect(throws: OperatorError.self) {
                try GridSample().inferOutputs([src, OperatorInput(TensorType(.float32, grid))])
            }
        }
    }
}

@Suite struct RoiAlignTests {
    @Test func meansOfConstantsAndRampsAreExact() throws {
        let src = makeTensor([1, 2, 6, 6]) { $0[1] == 0 ? 3 : Double($0[3]) }
        let regions = Tensor([1, 1, 5, 5] as [Float], shape: [1, 4])
        let image = Tensor([0] as [Int64], shape: [1])
        let operation = RoiAlign(outputHeight: 2, outputWidth: 2, samplingRatio: 2)
        let dst = try evaluateFirst(operation, src, regions, image)
        #expect(dst.shape == [1, 2, 2, 2])
        // Bins of 2 × 2 around x = 1.5 and 3.5, pixel centres half an element further.
        #expect(dst.elements(as: Float.self) == [3, 3, 3, 3, 1.5, 3.5, 1.5, 3.5])
        #expect(try RoiAlign(attributes: operation.attributes).attributes == operation.attributes)
    }

    @Test func wrongImagesAndCornersAreNamed() {
        let src = Tensor(zeros: .float32, shape: [1, 1, 4, 4])
        let regions = Tensor([0, 0, 2, 2] as [Float], shape: [1, 4])
        #expect(throws: OperatorError.self) {
            try evaluateFirst(RoiAlign(), src, regions, Tensor([1] as [Int64], shape: [1]))
        }
        for corner in [Float.nan, .infinity, 1e9] {
            let wild = Tensor([0, 0, corner, 2], shape: [1, 4])
            #expect(throws: OperatorError.self) {
                try evaluateFirst(RoiAlign(), src, wild, Tensor([0] as [Int64], shape: [1]))
            }
        }
    }
}

@Suite struct AttentionTests {
    @Test func weightsAreSoftmaxOfScaledProducts() throws {
        var random = ProblemGenerator(seed: 3)
        let (query, key, value) = (
            random.floats([1, 2, 3, 4]), random.floats([1, 2, 5, 4]), random.floats([1, 2, 5, 6])
        )
        let outputs = try evaluateAll(Attention(scoreStage: .weights), [query, key, value])
        let products = try evaluateFirst(Einsum(equation: "nhsd,nhtd->nhst"), query, key)
        let halved = Tensor(products.elements(as: Float.self).map { $0 / 2 }, shape: products.shape)
        let weights = try evaluateFirst(Softmax(axis: -1), halved)
        #expect(largestDifference(outputs[3], weights) < 1e-6)
        #expect(largestDifference(outputs[0], try evaluateFirst(MatMul(), weights, value)) < 1e-6)
    }

    @Test func packedHeadsAreTheSameNumbers() throws {
        var random = ProblemGenerator(seed: 4)
        let (query, key, value) = (random.floats([2, 3, 8]), random.floats([2, 5, 4]), random.floats([2, 5, 6]))
        let packed = try evaluateAll(Attention(queryHeads: 4, keyHeads: 2), [query, key, value])[0]
        func split(_ tensor: Tensor, _ heads: Int) throws -> Tensor {
            let shape = tensor.shape
            let four = tensor.reshaped(to: [shape[0], shape[1], heads, shape[2] / heads])
            return try evaluateFirst(Transpose(permutation: [0, 2, 1, 3]), four)
        }
        let apart = try evaluateAll(Attention(), [split(query, 4), split(key, 2), split(value, 2)])[0]
        #expect(packed.shape == [2, 3, 12])
        #expect(largestDifference(try split(packed, 4), apart) == 0)
    }

    @Test func causalQueriesSeeThePastAndThemselves() throws {
        var random = ProblemGenerator(seed: 5)
        let shape: Shape = [1, 1, 2, 4]
        let (query, key, value) = (random.floats(shape), random.floats(shape), random.floats(shape))
        let past = random.floats([1, 1, 3, 4])
        let operation = Attention(isCausal: true, scoreStage: .weights)
        let outputs = try evaluateAll(operation, [query, key, value, nil, past, past])
        let weights = outputs[3].elements(as: Float.self)
        #expect(outputs[1].shape == [1, 1, 5, 4])
        #expect(weights[4] == 0 && weights[3] > 0 && weights[9] > 0)
        #expect(try Attention(attributes: operation.attributes).attributes == operation.attributes)
    }

    @Test func queriesWithoutKeysGiveZeros() throws {
        var random = ProblemGenerator(seed: 6)
        let shape: Shape = [1, 1, 2, 4]
        let mask = Tensor([false, false, true, false], shape: [2, 2])
        let value = random.floats(shape)
        let dst = try evaluateFirst(Attention(), random.floats(shape), random.floats(shape), value, mask)
        #expect(dst.elements(as: Float.self) == [0, 0, 0, 0] + value.elements(as: Float.self).prefix(4))
    }

    @Test func unfitOperandsAreNamed() {
        let shapes: [[Shape]] = [
            [[1, 3, 2, 4], [1, 2, 2, 4], [1, 2, 2, 4]], [[1, 2, 2, 4], [1, 2, 2, 3], [1, 2, 2, 4]],
            [[1, 2, 2, 4], [1, 2, 3, 4], [1, 2, 2, 4]], [[1, 2, 8], [1, 2, 8], [1, 2, 8]], [[2, 2], [2, 2], [2, 2]],
            [[1, 2, 2, 4], [1, 2, 2, 4], [1, 2, 2, 4], [3, 2]],
        ]
        for operands in shapes {
            #expect(throws: OperatorError.self, "\(operands)") {
                try Attention().inferOutputs(operands.map { OperatorInput(TensorType(.float32, $0)) })
            }
        }
    }

    @Test(arguments: [false, true])
    func rotationKeepsLengths(isInterleaved: Bool) throws {
        var random = ProblemGenerator(seed: 7)
        let src = random.floats([1, 2, 3, 6])
        let angles = random.floats([8, 2]).elements(as: Float.self).map(Double.init)
        // cos² + sin² = 1 by the half-angle substitution.
        let cosines = Tensor(angles.map { Float((1 - $0 * $0) / (1 + $0 * $0)) }, shape: [8, 2])
        let sines = Tensor(angles.map { Float(2 * $0 / (1 + $0 * $0)) }, shape: [8, 2])
        let positions = Tensor([0, 7, 3] as [Int64], shape: [1, 3])
        let operation = RotaryEmbedding(isInterleaved: isInterleaved, rotatedExtent: 4)
        let dst = try evaluateFirst(operation, src, cosines, sines, positions)
        let (before, after) = (src.doubles(), dst.doubles())
        for row in 0..<6 {
            func length(_ values: [Double]) -> Double { values[row * 6..<row * 6 + 4].map { $0 * $0 }.reduce(0, +) }
            #expect(abs(length(before) - length(after)) < 1e-6)
            #expect(before[row * 6 + 4..<row * 6 + 6] == after[row * 6 + 4..<row * 6 + 6])
        }
        #expect(throws: OperatorError.self) {
            try evaluateFirst(operation, src, cosines, sines, Tensor([0, 8, 3] as [Int64], shape: [1, 3]))
        }
    }
}
