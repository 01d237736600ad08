// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct QuantizedProductTests {
    @Test(arguments: 0..<6)
    func integerProductsSubtractTheirZeroPoints(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let src = random.integers([3, 4], in: 0...255, as: UInt8.self)
        let weights = random.integers([4, 5], in: -128...127, as: Int8.self)
        let isPerLine = seed % 2 == 1
        let rows = random.integers([isPerLine ? 3 : 1], in: 0...255, as: UInt8.self)
        let columns = random.integers([isPerLine ? 5 : 1], in: -128...127, as: Int8.self)
        let dst = try evaluateFirst(MatMulInteger(), src, weights, rows, columns).elements(as: Int32.self)
        let (a, b) = (src.elements(as: UInt8.self), weights.elements(as: Int8.self))
        for index in dst.indices {
            let (i, j) = (index / 5, index % 5)
            let rowZero = Int32(rows.elements(as: UInt8.self)[isPerLine ? i : 0])
            let columnZero = Int32(columns.elements(as: Int8.self)[isPerLine ? j : 0])
            let sum = (0..<4).reduce(Int32(0)) { sum, k in
                sum + (Int32(a[i * 4 + k]) - rowZero) * (Int32(b[k * 5 + j]) - columnZero)
            }
            #expect(dst[index] == sum, "seed \(seed)")
        }
    }

    /// Quantised operands stand for real ones: the quantised result is the real one within half a step.
    @Test(arguments: 0..<6)
    func quantisedProductsAreRealProductsRounded(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let src = random.integers([2, 3, 4], in: 0...255, as: UInt8.self)
        let weights = random.integers([4, 2], in: 0...255, as: UInt8.self)
        let scales: [Float] = [0.02, 0.015, 0.1]
        func real(_ tensor: Tensor, _ scale: Float, _ zero: Int) -> Tensor {
            Tensor(tensor.elements(as: UInt8.self).map { Float(Int($0) - zero) * scale }, shape: tensor.shape)
        }
        let inputs: [Tensor?] = [
            src, Tensor(scalar: scales[0]), Tensor(scalar: UInt8(100)), weights, Tensor([scales[1]], shape: [1]),
            Tensor(scalar: UInt8(130)), Tensor(scalar: scales[2]), Tensor(scalar: UInt8(128)),
        ]
        let dst = try evaluateAll(QLinearMatMul(), inputs)[0].elements(as: UInt8.self)
        let expected = try evaluateFirst(MatMul(), real(src, scales[0], 100), real(weights, scales[1], 130)).doubles()
        for (got, value) in zip(dst, expected) {
            let limited = min(max(value / Double(scales[2]) + 128, 0), 255)
            #expect(abs(Double(got) - limited) < 0.501, "seed \(seed)")
        }
    }

    @Test func resultsSaturate() throws {
        let src = Tensor([127, 127] as [Int8], shape: [1, 2])
        let weights = Tensor([127, 127, -127, -127] as [Int8], shape: [2, 2])
        let one = Tensor(scalar: Float(1))
        let zero = Tensor(scalar: Int8(0))
        let mixed = Tensor([127, -127, 127, -127] as [Int8], shape: [2, 2])
        let dst = try evaluateAll(QLinearMatMul(), [src, one, zero, mixed, one, zero, one, zero])[0]
        #expect(dst.elements(as: Int8.self) == [127, -128])
        let cancelled = try evaluateAll(QLinearMatMul(), [src, one, zero, weights, one, zero, one, zero])[0]
        #expect(cancelled.elements(as: Int8.self) == [0, 0])
    }

    @Test(arguments: 0..<6)
    func integerConvolutionsPadWithTheZeroPoint(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let src = random.integers([1, 2, 4, 5], in: 0...255, as: UInt8.self)
        let weights = random.integers([3, 2, 2, 3], in: 0...255, as: UInt8.self)
        let zero = Tensor(scalar: UInt8(7))
        let zeros = random.integers([3], in: 0...255, as: UInt8.self)
        let window = WindowParameters(strides: [1, 2], padsBegin: [1, 0], padsEnd: [0, 2])
        let dst = try evaluateFirst(ConvInteger(window: window), src, weights, zero, zeros)
        let plane = 2 * 2 * 3
        let real = Tensor(src.elements(as: UInt8.self).map { Float($0) - 7 }, shape: src.shape)
        let shifted = weights.elements(as: UInt8.self).enumerated().map { index, weight in
            Float(weight) - Float(zeros.elements(as: UInt8.self)[index / plane])
        }
        let expected = try evaluateFirst(Conv(window: window), real, Tensor(shifted, shape: weights.shape))
        #expect(dst.elements(as: Int32.self).map(Float.init) == expected.elements(as: Float.self))
    }

    @Test func quantisedConvolutionScalesPerChannel() throws {
        let src = Tensor([10, 20] as [UInt8], shape: [1, 1, 2])
        let weights = Tensor([1, 1] as [Int8], shape: [2, 1, 1])
        let inputs: [Tensor?] = [
            src, Tensor(scalar: Float(0.5)), Tensor(scalar: UInt8(0)), weights,
            Tensor([2, 4] as [Float], shape: [2]), Tensor([0, 0] as [Int8], shape: [2]), Tensor(scalar: Float(1)),
            Tensor(scalar: UInt8(3)), Tensor([5, -5] as [Int32], shape: [2]),
        ]
        let dst = try evaluateAll(QLinearConv(), inputs)[0]
        #expect(dst.elements(as: UInt8.self) == [18, 28, 13, 33])
    }

    @Test func unfitZeroPointsAreNamed() {
        let (src, weights) = (TensorType(.uint8, [3, 4]), TensorType(.int8, [4, 5]))
        for parameters in [
            [TensorType(.int8, [])], [TensorType(.uint8, [4])], [TensorType(.uint8, []), TensorType(.int8, [4])],
        ] {
            #expect(throws: OperatorError.self) {
                try MatMulInteger().inferOutputs(([src, weights] + parameters).map { OperatorInput($0) })
            }
        }
        #expect(throws: OperatorError.self) {
            try MatMulInteger().inferOutputs([OperatorInput(TensorType(.float32, [3, 4])), OperatorInput(weights)])
        }
    }
}
