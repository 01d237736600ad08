// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct ResizeTests {
    private func sizes(_ sizes: Int64...) -> Tensor { Tensor(sizes, shape: [sizes.count]) }
    private func scales(_ scales: Float...) -> Tensor { Tensor(scales, shape: [scales.count]) }
    private let ramp = Tensor((0..<6).map { Float($0) }, shape: [6])

    @Test(arguments: [Interpolation.nearest, .linear, .cubic], CoordinateTransformation.allCases)
    func equalExtentsCopy(interpolation: Interpolation, transformation: CoordinateTransformation) throws {
        var random = ProblemGenerator(seed: 1)
        let src = random.floats([2, 3, 5])
        let region = Tensor([0, 0, 0, 1, 1, 1] as [Float], shape: [6])
        let resize = Resize(interpolation: interpolation, transformation: transformation)
        #expect(largestDifference(try evaluateFirst(resize, src, region, nil, sizes(2, 3, 5)), src) == 0)
    }

    @Test(arguments: [CoordinateTransformation.halfPixel, .alignCorners, .asymmetric, .pytorchHalfPixel])
    func interpolatedRampsStayRamps(transformation: CoordinateTransformation) throws {
        for interpolation in [Interpolation.linear, .cubic] {
            let resize = Resize(interpolation: interpolation, transformation: transformation)
            let dst = try evaluateFirst(resize, ramp, nil, nil, sizes(11)).doubles()
            let slope = dst[6] - dst[5]
            // Keys' cubic reproduces lines only for its parameter −½; away from borders both are symmetric.
            if interpolation == .linear { for x in 3..<8 { #expect(abs(dst[x + 1] - dst[x] - slope) < 1e-6) } }
            #expect(slope > 0.3 && slope < 0.7)
        }
    }

    @Test func doublingRepeatsEveryElement() throws {
        let dst = try evaluateFirst(Resize(), ramp, nil, scales(2))
        #expect(dst.elements(as: Float.self) == (0..<12).map { Float($0 / 2) })
    }

    @Test func scalesThatAreNoBinaryFractionMeetWholePositions() throws {
        // 0.6 is a little above 3/5 in float32; positions 0, 5/3, 10/3, 5 must still include element 5.
        let resize = Resize(transformation: .asymmetric, rounding: .floor)
        #expect(try evaluateFirst(resize, ramp, nil, scales(0.6)).elements(as: Float.self) == [0, 1, 3])
        let longer = Tensor((0..<10).map { Float($0) }, shape: [10])
        let dst = try evaluateFirst(resize, longer, nil, scales(0.6)).elements(as: Float.self)
        #expect(dst == [0, 1, 3, 5, 6, 8])
    }

    @Test func roundingModesDifferAtTheMiddle() throws {
        // Positions x / 2: 0, ½, 1, 1½.
        let pair = Tensor([10, 20, 30] as [Float], shape: [3])
        let expected: [(NearestRounding, [Float])] = [
            (.roundPreferFloor, [10, 10, 20, 20, 30, 30]), (.roundPreferCeil, [10, 20, 20, 30, 30, 30]),
            (.floor, [10, 10, 20, 20, 30, 30]), (.ceil, [10, 20, 20, 30, 30, 30]),
            (.simple, [10, 10, 20, 20, 30, 30]),
        ]
        for (rounding, elements) in expected {
            let resize = Resize(transformation: .asymmetric, rounding: rounding)
            #expect(try evaluateFirst(resize, pair, nil, scales(2)).elements(as: Float.self) == elements)
        }
        let smaller = Resize(transformation: .asymmetric, rounding: .simple)
        #expect(try evaluateFirst(smaller, ramp, nil, scales(0.6)).elements(as: Float.self) == [0, 2, 4])
    }

    @Test func antialiasedShrinkingKeepsTheMean() throws {
        var random = ProblemGenerator(seed: 2)
        let src = random.floats([64])
        for interpolation in [Interpolation.linear, .cubic] {
            let resize = Resize(interpolation: interpolation, excludesOutside: true, isAntialiased: true)
            let dst = try evaluateFirst(resize, src, nil, nil, sizes(1)).doubles()[0]
            #expect(abs(dst - src.doubles().reduce(0, +) / 64) < 0.1)
        }
        let constant = Tensor([Float](repeating: 3, count: 9), shape: [9])
        let resize = Resize(interpolation: .cubic, isAntialiased: true)
        for value in try evaluateFirst(resize, constant, nil, nil, sizes(4)).doubles() {
            #expect(abs(value - 3) < 1e-6)
        }
    }

    @Test func cropsOutsideTakeTheExtrapolationValue() throws {
        let region = Tensor([-0.2, 1.2] as [Float], shape: [2])
        for interpolation in [Interpolation.nearest, .linear] {
            let resize = Resize(
                interpolation: interpolation,
                transformation: .cropAndResize,
                extrapolationValue: -7
            )
            // Positions −1, 0, … 6.
            let dst = try evaluateFirst(resize, ramp, region, nil, sizes(8)).doubles()
            #expect(dst[0] == -7 && dst[7] == -7)
            for x in 2..<6 { #expect(abs(dst[x] - Double(x - 1)) < 1e-5) }
        }
    }

    @Test func aspectRatioPoliciesScaleAxesAlike() throws {
        let src = OperatorInput(TensorType(.float32, [1, 4, 8]))
        let wanted = OperatorInput(sizes(8, 4))
        for (policy, shape) in [(.notLarger, [1, 2, 4]), (.notSmaller, [1, 8, 16]), (.stretch, [1, 8, 4])]
            as [(Resize.AspectRatioPolicy, Shape)]
        {
            let resize = Resize(axes: [1, -1], aspectRatioPolicy: policy)
            #expect(try resize.inferOutputs([src, nil, nil, wanted])[0].shape == shape)
        }
    }

    @Test func integersAndBoolsAreResized() throws {
        let bytes = Tensor([0, 255] as [UInt8], shape: [2])
        let linear = try evaluateFirst(Resize(interpolation: .linear), bytes, nil, scales(2))
        #expect(linear.elements(as: UInt8.self) == [0, 63, 191, 255])
        let flags = Tensor([true, false], shape: [2])
        #expect(
            try evaluateFirst(Resize(), flags, nil, scales(2)).elements(as: Bool.self) == [true, true, false, false]
        )
    }

    @Test func sizesThatAreNotKnownYetAreAskedFor() {
        let inputs = [OperatorInput(TensorType(.float32, [4])), nil, nil, OperatorInput(TensorType(.int64, [1]))]
        #expect(throws: OperatorError.valueRequired(input: 3)) { try Resize().inferOutputs(inputs) }
    }

    @Test func unfitParametersAreNamed() {
        let src = OperatorInput(TensorType(.float32, [2, 4]))
        let cases: [(Resize, [OperatorInput?])] = [
            (Resize(), [src]), (Resize(), [src, nil, OperatorInput(scales(2))]),
            (Resize(), [src, nil, OperatorInput(scales(2, 2)), OperatorInput(sizes(4, 8))]),
            (Resize(), [src, nil, OperatorInput(scales(1, -1))]),
            (Resize(), [src, nil, OperatorInput(scales(1, .infinity))]),
            (Resize(), [src, nil, OperatorInput(scales(1, .nan))]),
            (Resize(), [src, nil, nil, OperatorInput(sizes(1, -1))]),
            (Resize(axes: [2]), [src, nil, OperatorInput(scales(2))]),
            (Resize(axes: [0, -2]), [src, nil, OperatorInput(scales(2, 2))]),
            (Resize(isAntialiased: true), [src, nil, OperatorInput(scales(2, 2))]),
            (Resize(), [OperatorInput(TensorType(.float32, [0, 4])), nil, nil, OperatorInput(sizes(1, 1))]),
        ]
        for (index, (resize, inputs)) in cases.enumerated() {
            #expect(throws: OperatorError.self, "case \(index)") { try resize.inferOutputs(inputs) }
        }
    }

    @Test func attributesRestoreTheOperator() throws {
        let resize = Resize(
            interpolation: .cubic,
            transformation: .cropAndResize,
            rounding: .ceil,
            cubicCoefficient: -0.5,
            excludesOutside: true,
            extrapolationValue: 3,
            isAntialiased: true,
            axes: [1],
            aspectRatioPolicy: .notLarger
        )
        #expect(try Resize(attributes: resize.attributes).attributes == resize.attributes)
        #expect(throws: OperatorError.self) { try Resize(attributes: ["mode": .string("quadratic")]) }
    }
}
