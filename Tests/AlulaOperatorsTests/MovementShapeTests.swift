// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// Operators whose work is their shape rule, and the edges of all: empty, scalar, many axes, unknown content.
@Suite("movement operators size their outputs")
struct MovementShapeTests {
    private func shape(_ operation: any Operator, _ extents: Shape, _ values: [Int]...) throws -> Shape? {
        let inputs = [OperatorInput(TensorType(.int8, extents))] + values.map { OperatorInput(list($0)) }
        return try operation.inferOutputs(inputs).first?.shape
    }

    @Test func reshapeResolvesZeroAndMinusOne() throws {
        #expect(try shape(Reshape(), [2, 3, 4], [0, -1]) == [2, 12])
        #expect(try shape(Reshape(), [2, 3, 4], [4, 0, 2]) == [4, 3, 2])
        #expect(try shape(Reshape(), [1, 1], []) == .scalar)
        #expect(try shape(Reshape(), .scalar, [-1]) == [1])
        #expect(try shape(Reshape(), [0, 3], [3, -1]) == [3, 0])
        #expect(try shape(Reshape(allowsZero: true), [0, 3], [5, 0, 7]) == [5, 0, 7])
    }

    @Test func flattenSplitsAtTheAxis() throws {
        #expect(try shape(Flatten(axis: 0), [2, 3, 4]) == [1, 24])
        #expect(try shape(Flatten(axis: -1), [2, 3, 4]) == [6, 4])
        #expect(try shape(Flatten(axis: 3), [2, 3, 4]) == [24, 1])
        #expect(try shape(Flatten(axis: 0), .scalar) == [1, 1])
    }

    @Test func squeezeAndUnsqueezeAreInverse() throws {
        #expect(try shape(Squeeze(), [1, 3, 1, 2]) == [3, 2])
        #expect(try shape(Squeeze(), [1, 3, 1, 2], [-2]) == [1, 3, 2])
        #expect(try shape(Squeeze(), [1, 3], []) == [1, 3])
        #expect(try shape(Unsqueeze(), [3, 2], [2, 0]) == [1, 3, 1, 2])
        #expect(try shape(Unsqueeze(), [3, 2], [-1, 1]) == [3, 1, 2, 1])
        #expect(try shape(Unsqueeze(), .scalar, [0]) == [1])
    }

    @Test func splitCutsTheLastPieceShort() throws {
        let types = try Split(axis: 0, outputCount: 4).inferOutputs([OperatorInput(TensorType(.bool, [7, 2]))])
        #expect(types.map { $0.shape[0] } == [2, 2, 2, 1])
    }

    @Test func shapeAndSizeFollowFromTypes() throws {
        let input = OperatorInput(TensorType(.float16, [2, 0, 5, 7]))
        for (start, end, extents) in [
            (0, nil, [2, 0, 5, 7]), (1, 3, [0, 5]), (-2, nil, [5, 7]), (-9, -3, [2]), (3, 1, []), (9, nil, []),
            (Int.min, Int.max, [2, 0, 5, 7]),
        ] as [(Int, Int?, [Int])] {
            let operation = ShapeOf(start: start, end: end)
            let known = try #require(try operation.outputsKnownFromTypes([input])).first
            #expect(known?.integers() == extents)
            #expect(try operation.inferOutputs([input]) == [TensorType(.int64, [extents.count])])
            #expect(try evaluateFirst(operation, Tensor(zeros: .float16, shape: input.shape)).integers() == extents)
        }
        #expect(try SizeOf().outputsKnownFromTypes([input])?.first?.integers() == [0])
        #expect(try evaluateFirst(SizeOf(), Tensor(zeros: .bool, shape: [3, 5])).integers() == [15])
        #expect(try evaluateFirst(SizeOf(), Tensor(zeros: .bool, shape: .scalar)).integers() == [1])
    }

    @Test(arguments: DataType.allCases)
    func constantOfShapeRepeatsItsValue(_ type: DataType) throws {
        let one = Grid([1]) { _ in 1 }.tensor(type)
        let inputs: [Tensor?] = [list([2, 3]), one]
        try expect(ConstantOfShape(), inputs, gives: [Grid([2, 3]) { _ in 1 }], type, seed: 0)
        try expect(ConstantOfShape(), [list([])], gives: [Grid([]) { _ in 0 }], .float32, seed: 0)
    }

    @Test(arguments: DataType.allCases.filter { $0 != .bool && $0 != .uint64 })
    func rangeStopsBeforeItsLimit(_ type: DataType) throws {
        func scalar(_ value: Int) -> Tensor { Grid([]) { _ in value }.tensor(type) }
        for (start, limit, delta) in [(0, 10, 3), (2, 2, 1), (5, 1, 1), (1, 5, 1), (0, 9, 3), (3, 4, 100)] {
            let expected = Array(stride(from: start, to: limit, by: delta))
            let inputs = [scalar(start), scalar(limit), scalar(delta)]
            try expect(NumberRange(), inputs, gives: [Grid([expected.count]) { expected[$0[0]] }], type, seed: 0)
        }
    }

    @Test func rangeCountsDownAndByFractions() throws {
        func run(_ start: Float, _ limit: Float, _ delta: Float) throws -> [Double] {
            try evaluateFirst(NumberRange(), Tensor(scalar: start), Tensor(scalar: limit), Tensor(scalar: delta))
                .doubles()
        }
        #expect(try run(5, 0, -2) == [5, 3, 1])
        #expect(try run(0, 1, 0.25) == [0, 0.25, 0.5, 0.75])
        let extremes = [Int64.min, Int64.max, Int64.max].map { Tensor(scalar: $0) }
        #expect(try evaluateAll(NumberRange(), extremes)[0].integers() == [Int.min, -1, Int.max - 1])
    }

    @Test func centerCropPadKeepsTheCentre() throws {
        let src = Tensor((0..<5).map { Int32($0) }, shape: [5])
        #expect(try evaluateFirst(CenterCropPad(), src, list([2])).integers() == [1, 2])
        #expect(try evaluateFirst(CenterCropPad(), src, list([8])).integers() == [0, 0, 1, 2, 3, 4, 0, 0])
        #expect(try evaluateFirst(CenterCropPad(axes: [-1]), src, list([0])).shape == [0])
    }

    @Test func col2ImAddsWhatOverlaps() throws {
        // Blocks of two at every place of an image of four: inner elements lie in two blocks.
        let src = Tensor([Float](repeating: 1, count: 6), shape: [1, 2, 3])
        #expect(try evaluateFirst(Col2Im(), src, list([4]), list([2])).doubles() == [1, 2, 2, 1])
        let padded = Tensor([Float](repeating: 1, count: 10), shape: [1, 2, 5])
        #expect(try evaluateFirst(Col2Im(pads: [1, 1]), padded, list([4]), list([2])).doubles() == [2, 2, 2, 2])
    }

    @Test(arguments: DataType.allCases.filter { $0 != .bool }, ScatterReduction.allCases)
    func scattersReduceInOrder(_ type: DataType, _ reduction: ScatterReduction) throws {
        let src = Grid([3]) { [5, 6, 7][$0[0]] }.tensor(type)
        let picks = list([0, 2, 0, -1])
        let updates = Grid([4]) { [2, 9, 3, 4][$0[0]] }.tensor(type)
        let expected =
            switch reduction {
            case .none: [3, 6, 4]
            case .add: [10, 6, 20]
            case .mul: [30, 6, 252]
            case .max: [5, 6, 9]
            case .min: [2, 6, 4]
            }
        // The product wraps in 8 bits, and so does the expected number.
        let wrapped = Grid(Grid([3]) { expected[$0[0]] }.tensor(type))
        try expect(ScatterElements(reduction: reduction), [src, picks, updates], gives: [wrapped], type, seed: 0)
        let tuples = picks.reshaped(to: [4, 1])
        try expect(ScatterND(reduction: reduction), [src, tuples, updates], gives: [wrapped], type, seed: 0)
    }

    @Test func emptyScalarAndManyAxesWork() throws {
        let empty = Tensor(zeros: .int16, shape: [0, 3])
        #expect(try evaluateFirst(Transpose(), empty).shape == [3, 0])
        #expect(try evaluateFirst(Concat(axis: 0), empty, Tensor(zeros: .int16, shape: [2, 3])).shape == [2, 3])
        #expect(try evaluateFirst(Gather(), empty, list([])).shape == [0, 3])
        #expect(try evaluateFirst(Slice(), empty, list([-1]), list([Int.min]), nil, list([-1])).shape == [0, 3])
        #expect(try evaluateFirst(Transpose(), Tensor(scalar: true)).elements(as: Bool.self) == [true])
        #expect(try evaluateFirst(NonZero(), Tensor(scalar: true)).shape == [0, 1])
        #expect(try evaluateFirst(Pad(), Tensor(scalar: true), list([])).elements(as: Bool.self) == [true])
        let deep = Tensor((0..<256).map { UInt8($0) }, shape: [2, 2, 2, 2, 2, 2, 2, 2])
        let turned = try evaluateFirst(Transpose(), deep).elements(as: UInt8.self)
        #expect(turned == (0..<256).map { index in (0..<8).reduce(0) { $0 | (index >> $1 & 1) << (7 - $1) } })
    }

    @Test func sliceTakesHostileBounds() throws {
        let src = Tensor((0..<5).map { Int32($0) }, shape: [5])
        func run(_ start: Int, _ end: Int, _ step: Int) throws -> [Int]? {
            try evaluateFirst(Slice(), src, list([start]), list([end]), nil, list([step])).integers()
        }
        #expect(try run(.min, .max, 1) == [0, 1, 2, 3, 4])
        #expect(try run(.max, .min, -1) == [4, 3, 2, 1, 0])
        #expect(try run(.max, .min, .min) == [4])
        #expect(try run(0, .max, .max) == [0])
        #expect(try run(.max, .max, 1) == [])
        #expect(try run(-1, .max, -2) == [4, 2, 0])
        #expect(try run(3, Int(Int32.max), -1) == [3, 2, 1, 0])
        #expect(try run(3, Int(Int32.max) - 1, -1) == [])
    }

    @Test func unknownContentAsksForTheValue() {
        let src = OperatorInput(TensorType(.float32, [2, 2]))
        let unknown = OperatorInput(TensorType(.int64, [2]))
        let one = OperatorInput(TensorType(.int64, [1]))
        let cases: [(any Operator, [OperatorInput?], Int)] = [
            (Reshape(), [src, unknown], 1), (Expand(), [src, unknown], 1), (Tile(), [src, unknown], 1),
            (Slice(), [src, unknown, unknown], 1), (Split(outputCount: 2), [src, unknown], 1),
            (Pad(), [src, unknown], 1),
            (Squeeze(), [src, one], 1), (Unsqueeze(), [src, one], 1), (ConstantOfShape(), [unknown], 0),
            (NumberRange(), [one, one, one], 0), (TopK(), [src, one], 1), (NonZero(), [src], 0), (Unique(), [src], 0),
            (OneHot(), [src, one, unknown], 1), (CenterCropPad(), [src, unknown], 1),
            (Compress(), [src, OperatorInput(TensorType(.bool, [2]))], 1),
        ]
        for (operation, inputs, index) in cases {
            #expect(throws: OperatorError.valueRequired(input: index), "\(operation.name)") {
                try operation.inferOutputs(inputs)
            }
        }
    }
}
