// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

@Suite struct SoftmaxTests {
    @Test(arguments: -3..<3, [false, true])
    func softmaxIsTheNormalisedExponential(axis: Int, spansTrailingAxes: Bool) throws {
        let src = try #require(
            [ProblemGenerator(seed: 5)].map { (random) -> Tensor in
                var random = random
                return random.floats([2, 3, 4])
            }.first
        )
        let first = axis < 0 ? axis + 3 : axis
        let joined = spansTrailingAxes ? Array(first..<3) : [first]
        let soft = try evaluateFirst(Softmax(axis: axis, spansTrailingAxes: spansTrailingAxes), src)
        let logarithmic = try evaluateFirst(LogSoftmax(axis: axis, spansTrailingAxes: spansTrailingAxes), src)
        let expected = makeTensor(src.shape) { index in
            let sum = indices(src.shape.extents).filter { other in
                other.indices.allSatisfy { joined.contains($0) || other[$0] == index[$0] }
            }.map { exp(src.at($0)) }.reduce(0, +)
            return exp(src.at(index)) / sum
        }
        #expect(largestDifference(soft, expected) < 1e-7)
        #expect(largestDifference(logarithmic, makeTensor(src.shape) { log(expected.at($0)) }) < 1e-6)
    }

    @Test func largeAndMaskedElementsDoNotOverflow() throws {
        let src = Tensor([1e4, 1e4, -.infinity] as [Float], shape: [3])
        #expect(try evaluateFirst(Softmax(), src).elements(as: Float.self) == [0.5, 0.5, 0])
        #expect(try evaluateFirst(LogSoftmax(), src).elements(as: Float.self)[2] == -.infinity)
        #expect(try evaluateFirst(Hardmax(), src).elements(as: Float.self) == [1, 0, 0])
    }

    @Test func emptyTensorsStayEmpty() throws {
        #expect(try evaluateFirst(Softmax(axis: 0), Tensor([Float](), shape: [0, 2])).shape == [0, 2])
        #expect(throws: OperatorError.self) {
            try evaluateFirst(Softmax(axis: 2), Tensor(zeros: .float32, shape: [1, 2]))
        }
    }
}

@Suite struct CumSumTests {
    @Test(arguments: [false, true], [false, true])
    func sumsRunAlongTheAxis(isExclusive: Bool, isReversed: Bool) throws {
        let src = Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3])
        let operation = CumSum(isExclusive: isExclusive, isReversed: isReversed)
        let dst = try evaluateFirst(operation, src, Tensor(scalar: Int64(-1))).elements(as: Int32.self)
        for row in 0..<2 {
            for column in 0..<3 {
                let summed = (0..<3).filter { isReversed ? $0 >= column : $0 <= column }
                    .filter { !isExclusive || $0 != column }
                #expect(dst[row * 3 + column] == summed.map { Int32(row * 3 + $0 + 1) }.reduce(0, +))
            }
        }
        #expect(throws: OperatorError.self) { try evaluateFirst(operation, src, Tensor(scalar: Int64(2))) }
    }
}

@Suite struct CastTests {
    @Test func floatsTruncateAndSaturateToIntegers() throws {
        let src = Tensor([-1.9, 1.9, .nan, 1e30, -1e30, 300] as [Float], shape: [6])
        let wide = try evaluateFirst(Cast(to: .int64), src).elements(as: Int64.self)
        #expect(wide == [-1, 1, 0, .max, .min, 300])
        #expect(try evaluateFirst(Cast(to: .uint8), src).elements(as: UInt8.self)[5] == 44)
        #expect(
            try evaluateFirst(Cast(to: .bool), src).elements(as: Bool.self) == [true, true, true, true, true, true]
        )
        #expect(try evaluateFirst(Cast(to: .float16), src).elements(as: Float16.self)[3] == .infinity)
    }

    @Test(arguments: DataType.allCases, DataType.allCases)
    func smallNumbersSurviveEveryPairOfTypes(from: DataType, to: DataType) throws {
        let src = try evaluateFirst(Cast(to: from), Tensor([0, 1, 1, 0] as [Int32], shape: [4]))
        let dst = try evaluateFirst(CastLike(), src, Tensor(zeros: to, shape: [1]))
        #expect(dst.dataType == to && dst.doubles() == [0, 1, 1, 0])
    }

    @Test func integersAreRoundedOnce() throws {
        // 2⁵³ + 2²⁹ + 1: rounded first to float64, it would then tie to the even float32 below.
        let value = Int64(1) << 53 + Int64(1) << 29 + 1
        #expect(try evaluateFirst(Cast(to: .float32), Tensor(scalar: value)).elements(as: Float.self) == [Float(value)])
    }
}

@Suite struct QuantizationTests {
    @Test func halvesRoundToEvenAndEndsSaturate() throws {
        let src = Tensor([0, 1, 3, 5, -1, 1000, -1000, .nan] as [Float], shape: [8])
        let scale = Tensor(scalar: Float(2))
        let dst = try evaluateFirst(QuantizeLinear(), src, scale, Tensor(scalar: Int8(1)))
        #expect(dst.elements(as: Int8.self) == [1, 1, 3, 3, 1, 127, -128, 1])
        #expect(try evaluateFirst(QuantizeLinear(), src, scale).dataType == .uint8)
    }

    @Test(arguments: 0...2)
    func scalesBelongToTheirAxis(axis: Int) throws {
        var random = ProblemGenerator(seed: 6)
        let shape: Shape = [2, 3, 4]
        let src = random.integers(shape, in: -100...100, as: Int8.self)
        let scale = random.floats([shape[axis]])
        let zeroPoint = random.integers([shape[axis]], in: -5...5, as: Int8.self)
        let dst = try evaluateFirst(DequantizeLinear(axis: axis), src, scale, zeroPoint)
        let values = src.doubles()
        let expected = makeTensor(shape) { index in
            let position = zip(index, shape.contiguousStrides).map { $0 * $1 }.reduce(0, +)
            return (values[position] - zeroPoint.doubles()[index[axis]]) * scale.at([index[axis]])
        }
        #expect(largestDifference(dst, expected) < 1e-5)
        let restored = try evaluateFirst(QuantizeLinear(axis: axis - 3), dst, scale, zeroPoint)
        #expect(restored.doubles() == values)
    }

    @Test func scalesBelongToTheirBlock() throws {
        let src = Tensor([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 3, 2])
        let scale = Tensor([1, 10, 100, 1000] as [Float], shape: [1, 2, 2])
        let dst = try evaluateFirst(DequantizeLinear(axis: 1, blockExtent: 2), src, scale)
        #expect(dst.elements(as: Float.self) == [1, 20, 3, 40, 500, 6000])
    }

    @Test func halfPrecisionScalesGiveHalfPrecision() throws {
        let dst = try evaluateFirst(DequantizeLinear(), Tensor(scalar: Int32(7)), Tensor(scalar: Float16(0.5)))
        #expect(dst.elements(as: Float16.self) == [3.5])
    }

    @Test func scalesOfAnotherShapeAreNamed() throws {
        let error = #expect(throws: OperatorError.self) {
            try evaluateFirst(
                QuantizeLinear(),
                Tensor(zeros: .float32, shape: [2, 3]),
                Tensor(zeros: .float32, shape: [2])
            )
        }
        #expect(error?.description == "QuantizeLinear: input 1: got shape [2], expected [3], or a scalar")
    }

    @Test(arguments: 0..<10)
    func dynamicQuantizationCoversTheRange(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let src = random.floats([17])
        let outputs = try evaluateAll(DynamicQuantizeLinear(), [src])
        let scale = outputs[1].doubles()[0]
        let zeroPoint = outputs[2].doubles()[0]
        for (x, q) in zip(src.doubles(), outputs[0].doubles()) {
            #expect(abs((q - zeroPoint) * scale - x) <= scale * 1.01, "seed \(seed)")
        }
        #expect(abs(scale - ((src.doubles().max() ?? 0) - (src.doubles().min() ?? 0)) / 255) < 1e-6)
    }
}

@Suite struct DropoutTests {
    @Test func inferenceCopiesAndKeepsEverything() throws {
        let src = Tensor([1, 2, 3] as [Float], shape: [3])
        let outputs = try evaluateAll(Dropout(), [src, Tensor(scalar: Float(0.75)), Tensor(scalar: false)])
        #expect(outputs[0].elements(as: Float.self) == [1, 2, 3])
        #expect(outputs[1].elements(as: Bool.self) == [true, true, true])
    }

    @Test func trainingScalesWhatItKeeps() throws {
        let src = Tensor([Float](repeating: 1, count: 4_000), shape: [4_000])
        let outputs = try evaluateAll(Dropout(), [src, Tensor(scalar: Float(0.75)), Tensor(scalar: true)])
        let mask = outputs[1].elements(as: Bool.self)
        #expect(outputs[0].elements(as: Float.self) == mask.map { $0 ? 4 : 0 })
        // Binomial: 1000 expected, standard deviation 27.
        #expect((860...1_140).contains(mask.filter { $0 }.count))
    }
}

@Suite struct ParameterTests {
    @Test func everyOperatorIsRestoredFromItsParameters() throws {
        let operations: [any Operator] = [
            LeakyRelu(alpha: 0.3), Elu(alpha: 2), HardSigmoid(alpha: 0.1, beta: 0.7), Selu(alpha: 1, gamma: 2),
            Celu(alpha: 3), ThresholdedRelu(alpha: 4), Swish(alpha: 5), Clip(minimum: 1), Clip(maximum: 2), Clip(),
            Gelu(usesTanh: true), PRelu(isChannelwise: true), Mod(keepsDividendSign: true), BitShift(shiftsLeft: true),
            IsInf(detectsNegative: false), Cast(to: .int8), Dropout(seed: 9), CumSum(isReversed: true), Add(),
            Sigmoid(),
            ReduceSum(keepsDimensions: false, ignoresEmptyAxes: true), ArgMax(axis: 2, selectsLast: true),
            Softmax(axis: 1, spansTrailingAxes: true), QuantizeLinear(axis: 3, blockExtent: 2, dataType: .int8),
            DequantizeLinear(axis: 0, dataType: .float16),
        ]
        for operation in operations {
            let restored = try OperatorRegistry.standard.makeOperator(operation.described)
            #expect(restored.described == operation.described)
        }
    }

    @Test func badParametersAreNamed() {
        let bad: [OperatorDescription] = [
            OperatorDescription(name: "Cast", attributes: ["to": .integer(8)]),
            OperatorDescription(name: "LeakyRelu", attributes: [:]),
            OperatorDescription(name: "Softmax", attributes: ["axis": .float(1)]),
            OperatorDescription(
                name: "QuantizeLinear",
                attributes: ["axis": .integer(1), "blockExtent": .integer(-1)]
            ),
        ]
        for description in bad {
            let error = #expect(throws: OperatorError.self) {
                try OperatorRegistry.standard.makeOperator(description)
            }
            #expect(error?.description.hasPrefix(description.name + ":") == true)
        }
    }
}

@Suite struct LossTests {
    private let logarithms = Tensor([-1, -2, -3, -4, -5, -6] as [Float], shape: [2, 3])

    @Test func lossesArePickedWeightedAndJoined() throws {
        let target = Tensor([2, 0] as [Int64], shape: [2])
        let weights = Tensor([1, 1, 3] as [Float], shape: [3])
        func run(_ reduction: NegativeLogLikelihoodLoss.Reduction, ignoring ignored: Int? = nil) throws -> [Double] {
            let loss = NegativeLogLikelihoodLoss(reduction: reduction, ignoredClass: ignored)
            return try evaluateFirst(loss, logarithms, target, weights).doubles()
        }
        #expect(try run(.none) == [9, 4])
        #expect(try run(.sum) == [13])
        #expect(try run(.mean) == [13.0 / 4].map { Double(Float($0)) })
        #expect(try run(.none, ignoring: 2) == [0, 4])
        #expect(try run(.mean, ignoring: 2) == [4])
    }

    @Test func classesOutOfRangeAreNamed() throws {
        let error = #expect(throws: OperatorError.self) {
            try evaluateFirst(NegativeLogLikelihoodLoss(), logarithms, Tensor([0, 3] as [Int64], shape: [2]))
        }
        #expect(error?.description == "NegativeLogLikelihoodLoss: input 1: got class 3, expected 0..<3")
    }
}

@Suite struct WindowTests {
    @Test(arguments: [false, true])
    func windowsAreTheirSums(isPeriodic: Bool) throws {
        let length = Tensor(scalar: Int64(9))
        let step = 2 * Double.pi / (isPeriodic ? 9 : 8)
        let hann = try evaluateFirst(HannWindow(isPeriodic: isPeriodic), length).doubles()
        let blackman = try evaluateFirst(BlackmanWindow(dataType: .float64, isPeriodic: isPeriodic), length).doubles()
        for index in 0..<9 {
            let angle = step * Double(index)
            #expect(abs(hann[index] - (0.5 - 0.5 * cos(angle))) < 1e-7)
            #expect(abs(blackman[index] - (0.42 - 0.5 * cos(angle) + 0.08 * cos(2 * angle))) < 1e-15)
        }
        #expect(throws: OperatorError.self) { try evaluateFirst(HammingWindow(), Tensor(scalar: Int64(-1))) }
    }
}
