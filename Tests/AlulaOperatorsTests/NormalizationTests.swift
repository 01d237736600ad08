// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// Mean and standard deviation of some elements.
private func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    return (mean, (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)).squareRoot())
}

@Suite struct NormalizationTests {
    @Test(arguments: -3...2)
    func layersHaveZeroMeanAndUnitDeviation(axis: Int) throws {
        var random = ProblemGenerator(seed: 3)
        let shape: Shape = [2, 3, 4]
        let src = random.floats(shape)
        let ones = Tensor([1] as [Float], shape: [1])
        let outputs = try evaluateAll(LayerNormalization(axis: axis, epsilon: 0), [src, ones])
        let first = axis < 0 ? axis + 3 : axis
        let count = shape.elementCount(in: first..<3)
        let (values, source) = (outputs[0].doubles(), src.doubles())
        #expect(outputs[1].shape.elementCount * count == shape.elementCount && outputs[1].shape.rank == 3)
        for row in 0..<shape.elementCount / count {
            let (mean, deviation) = statistics(Array(values[row * count..<(row + 1) * count]))
            #expect(abs(mean) < 1e-6 && abs(deviation - 1) < 1e-6)
            let before = statistics(Array(source[row * count..<(row + 1) * count]))
            #expect(abs(outputs[1].doubles()[row] - before.mean) < 1e-6)
            #expect(abs(outputs[2].doubles()[row] * before.deviation - 1) < 1e-6)
        }
    }

    @Test func layerScaleAndBiasBroadcast() throws {
        let src = Tensor([1, 3, 5, 9] as [Float], shape: [2, 2])
        let scale = Tensor([2, 10] as [Float], shape: [2])
        let bias = Tensor([1] as [Float], shape: [])
        let dst = try evaluateFirst(LayerNormalization(epsilon: 0), src, scale, bias)
        #expect(dst.elements(as: Float.self) == [-1, 11, -1, 11])
    }

    @Test func statisticsOfHalfPrecisionAreSingle() throws {
        let inputs = [TensorType(.float16, [2, 4]), TensorType(.float16, [4])].map { OperatorInput($0) }
        #expect(try LayerNormalization().inferOutputs(inputs).map(\.dataType) == [.float16, .float32, .float32])
    }

    @Test func batchesAreNormalisedByTheGivenStatistics() throws {
        var random = ProblemGenerator(seed: 5)
        let src = random.floats([2, 3, 2, 2])
        let parameters = (0..<4).map { _ in random.floats([3]) }
        let variance = Tensor(parameters[3].elements(as: Float.self).map { abs($0) + 0.5 }, shape: [3])
        let operation = BatchNormalization(epsilon: 1e-3)
        let dst = try evaluateFirst(operation, src, parameters[0], parameters[1], parameters[2], variance)
        let (factors, shifts) = operation.affine(
            scale: parameters[0],
            bias: parameters[1],
            mean: parameters[2],
            variance: variance
        )
        let expected = makeTensor(src.shape) { index in
            let c = [index[1]]
            let deviation = (variance.at(c) + Double(Float(1e-3))).squareRoot()
            return (src.at(index) - parameters[2].at(c)) / deviation * parameters[0].at(c) + parameters[1].at(c)
        }
        #expect(largestDifference(dst, expected) < 1e-6)
        let affine = makeTensor(src.shape) { src.at($0) * factors[$0[1]] + shifts[$0[1]] }
        #expect(largestDifference(dst, affine) < 1e-6)
    }

    @Test func instancesAreGroupsOfOneChannel() throws {
        var random = ProblemGenerator(seed: 6)
        let (src, scale, bias) = (random.floats([2, 4, 3, 2]), random.floats([4]), random.floats([4]))
        let instance = try evaluateFirst(InstanceNormalization(), src, scale, bias)
        let group = try evaluateFirst(GroupNormalization(groupCount: 4), src, scale, bias)
        let perGroup = GroupNormalization(groupCount: 4, isScaledPerGroup: true)
        #expect(largestDifference(instance, group) == 0)
        #expect(largestDifference(instance, try evaluateFirst(perGroup, src, scale, bias)) == 0)
        for channel in 0..<8 {
            let values = Array(instance.doubles()[channel * 6..<(channel + 1) * 6])
            #expect(abs(statistics(values).mean - bias.doubles()[channel % 4]) < 1e-6)
        }
    }

    @Test func groupsShareStatisticsButNotScales() throws {
        let src = Tensor([1, 1, 3, 3] as [Float], shape: [1, 2, 2])
        let (scale, bias) = (Tensor([1, 10] as [Float], shape: [2]), Tensor([0, 1] as [Float], shape: [2]))
        let dst = try evaluateFirst(GroupNormalization(groupCount: 1, epsilon: 0), src, scale, bias)
        #expect(dst.elements(as: Float.self) == [-1, -1, 11, 11])
    }

    @Test func rootMeanSquareIsOne() throws {
        let src = Tensor([3, 4, 6, 8] as [Float], shape: [2, 2])
        let dst = try evaluateFirst(RMSNormalization(epsilon: 0), src, Tensor([1, 1] as [Float], shape: [2]))
        for row in 0..<2 {
            let squares = dst.doubles()[row * 2..<row * 2 + 2].map { $0 * $0 }.reduce(0, +)
            #expect(abs(squares / 2 - 1) < 1e-6)
        }
    }

    @Test func lengthsBecomeOneAndZeroStaysZero() throws {
        let src = Tensor([3, 0, 4, 0] as [Float], shape: [2, 2])
        let euclidean = try evaluateFirst(LpNormalization(axis: 0), src).elements(as: Float.self)
        #expect(euclidean == [0.6, 0, 0.8, 0])
        let sums = try evaluateFirst(LpNormalization(axis: 0, p: 1), src).elements(as: Float.self)
        #expect(sums == [Float(3) / 7, 0, Float(4) / 7, 0])
    }

    @Test func meanAndVarianceAreTakenOverAnyAxes() throws {
        var random = ProblemGenerator(seed: 8)
        let src = random.floats([2, 3, 2, 2])
        let dst = try evaluateFirst(MeanVarianceNormalization(), src)
        for channel in 0..<3 {
            let values = indices([2, 2, 2]).map { dst.at([$0[0], channel, $0[1], $0[2]]) }
            let (mean, deviation) = statistics(values)
            #expect(abs(mean) < 1e-6 && abs(deviation - 1) < 1e-6)
        }
    }

    @Test func unfitParametersAreNamed() {
        let src = TensorType(.float32, [2, 4, 3])
        let cases: [(any Operator, [TensorType])] = [
            (LayerNormalization(axis: 3), [src, TensorType(.float32, [3])]),
            (LayerNormalization(), [src, TensorType(.float32, [2])]),
            (LayerNormalization(), [TensorType(.int32, [2]), TensorType(.int32, [2])]),
            (InstanceNormalization(), [src, TensorType(.float32, [3]), TensorType(.float32, [4])]),
            (GroupNormalization(groupCount: 3), [src, TensorType(.float32, [4]), TensorType(.float32, [4])]),
            (GroupNormalization(groupCount: 0), [src, TensorType(.float32, [4]), TensorType(.float32, [4])]),
            (BatchNormalization(), [src] + [TensorType](repeating: TensorType(.float32, [3]), count: 4)),
            (LpNormalization(p: 3), [src]), (MeanVarianceNormalization(axes: [7]), [src]),
        ]
        for (operation, inputs) in cases {
            #expect(throws: OperatorError.self, "\(operation)") {
                try operation.inferOutputs(inputs.map { OperatorInput($0) })
            }
        }
    }
}
