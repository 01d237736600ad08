// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Operators that split into parts: whatever their number, the outcome is that of the scalar definition.
@Suite struct IndexedPartsTests {
    private var random = SeededRandom(seed: 31)

    private mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[int(0...(choices.count - 1))] }

    private mutating func shape(rank: ClosedRange<Int>, _ extents: ClosedRange<Int> = 1...7) -> [Int] {
        (0..<int(rank)).map { _ in int(extents) }
    }

    private mutating func data(_ extents: [Int], _ type: DataType) -> Tensor {
        let count = extents.reduce(1, *)
        let numbers = Tensor((0..<count).map { _ in Float(int(-9...9)) }, shape: Shape(extents))
        let tensor = Tensor(zeros: type, shape: Shape(extents))
        try? Cast(to: type).evaluate([numbers], into: [tensor])
        return tensor
    }

    /// int32 or int64 of any shape; index `i` counts in an axis of `limits[i % limits.count]`, from either end.
    private mutating func indices(_ extents: [Int], below limits: [Int]) -> Tensor {
        indices(
            extents,
            (0..<extents.reduce(1, *)).map { int(-limits[$0 % limits.count]...(limits[$0 % limits.count] - 1)) }
        )
    }

    private mutating func indices(_ extents: [Int], _ values: [Int]) -> Tensor {
        pick([true, false])
            ? Tensor(values.map { Int64($0) }, shape: Shape(extents))
            : Tensor(values.map { Int32($0) }, shape: Shape(extents))
    }

    /// All parts, last first, against the definition.
    private func check(_ operation: any PartitionedOperator, _ inputs: [Tensor?]) throws {
        let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let expected = Tensor(zeros: types[0].dataType, shape: types[0].shape)
        try operation.evaluate(inputs, into: [expected])
        #expect(operation.partCount(inputs: inputs.map { $0?.type }, outputs: types) >= 1)
        for partCount in [1, 2, 3, 7] {
            let got = Tensor(zeros: types[0].dataType, shape: types[0].shape)
            for part in (0..<partCount).reversed() {
                try operation.evaluate(part: part, of: partCount, inputs: inputs, outputs: [got])
            }
            let text = "\(operation.described.text) \(inputs.map { $0?.type.description ?? "_" }), \(partCount) parts"
            #expect(got.byteArray == expected.byteArray, "\(text)")
        }
    }

    private static let types: [DataType] = [.float32, .int64, .uint8, .float16, .float64, .bool]

    @Test mutating func gatheredRowsMatch() throws {
        for _ in 0..<80 {
            let extents = shape(rank: 1...4)
            let axis = int(0...(extents.count - 1))
            let src = data(extents, pick(Self.types))
            let indices = indices(shape(rank: 0...3, 0...9), below: [extents[axis]])
            try check(Gather(axis: pick([axis, axis - extents.count])), [src, indices])
        }
        // More rows than positions are worked out at once.
        let table = data([50, 3], .float32)
        try check(Gather(), [table, indices([1700], (0..<1700).map { $0 * 7 % 50 })])
        try check(Gather(axis: 1), [table, indices([900], (0..<900).map { $0 % 3 - 3 })])
    }

    @Test mutating func gatheredElementsMatch() throws {
        for _ in 0..<80 {
            let extents = shape(rank: 1...4)
            let axis = int(0...(extents.count - 1))
            let picked = extents.enumerated().map { $0.offset == axis ? int(0...9) : int(1...$0.element) }
            let indices = indices(picked, below: [extents[axis]])
            try check(GatherElements(axis: axis), [data(extents, pick(Self.types)), indices])
        }
    }

    /// Tuples into the axes of `extents` after the first `batch`, their axes `outer`.
    private mutating func tuples(_ extents: [Int], batch: Int, length: Int, outer: [Int]) -> Tensor {
        indices(extents.prefix(batch) + outer + [length], below: Array(extents[batch..<batch + length]))
    }

    @Test mutating func gatheredSlicesMatch() throws {
        for _ in 0..<80 {
            let extents = shape(rank: 1...4)
            let batch = int(0...(extents.count - 1))
            let length = int(1...(extents.count - batch))
            let tuples = tuples(extents, batch: batch, length: length, outer: shape(rank: 0...2, 0...6))
            try check(GatherND(batchDimensions: batch), [data(extents, pick(Self.types)), tuples])
        }
    }

    @Test(arguments: ScatterReduction.allCases) mutating func scatteredUpdatesMatch(reduction: ScatterReduction) throws
    {
        let types: [DataType] = reduction == .none ? Self.types : [.float32, .int64, .uint8, .float64]
        for _ in 0..<60 {
            let (extents, type) = (shape(rank: 1...4), pick(types))
            let length = int(1...extents.count)
            let outer = shape(rank: 0...2, 0...6)
            let tuples = tuples(extents, batch: 0, length: length, outer: outer)
            let updates = data(outer + extents.dropFirst(length), type)
            try check(ScatterND(reduction: reduction), [data(extents, type), tuples, updates])
            let axis = int(0...(extents.count - 1))
            let picked = extents.enumerated().map { $0.offset == axis ? int(0...9) : int(1...$0.element) }
            let indices = indices(picked, below: [extents[axis]])
            let scatter = ScatterElements(axis: axis, reduction: reduction)
            try check(scatter, [data(extents, type), indices, data(picked, type)])
        }
    }

    @Test mutating func convertedElementsMatch() throws {
        let special = Tensor(
            [0, -0.0, .nan, .infinity, -.infinity, 2.5, -2.5, 3e9, -3e9, 1e19, -1e19, 65_520, 1e-8, 255.9] as [Float],
            shape: [14]
        )
        for type in DataType.allCases {
            for other in DataType.allCases {
                for count in [0, 1, 63, 64, 65, 1000] { try check(Cast(to: other), [data([count], type)]) }
            }
            try check(Cast(to: type), [special])
        }
    }

    /// The lowest part that fails tells of the index the definition tells of.
    @Test mutating func indicesOutOfRangeAreTheSameErrors() throws {
        let src = data([4, 3], .float32)
        let bad = Tensor([1, -4, 0, 9, 3, -5, 2] as [Int64], shape: [7])
        let tuples = bad.reshaped(to: [7, 1])
        let cases: [(any PartitionedOperator, [Tensor?])] = [
            (Gather(), [src, bad]), (Gather(axis: 1), [src, bad]),
            (GatherElements(), [src, Tensor([1, 2, 0, 3, -4, 0, 4, 0, 0] as [Int64], shape: [3, 3])]),
            (GatherND(), [src, tuples]), (ScatterND(), [src, tuples, data([7, 3], .float32)]),
            (ScatterElements(), [src, bad.reshaped(to: [7, 1]), data([7, 1], .float32)]),
            (Gather(), [Tensor(zeros: .float32, shape: [4, 0]), bad]),
        ]
        for (operation, inputs) in cases {
            let type = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })[0]
            let dst = Tensor(zeros: type.dataType, shape: type.shape)
            func error(_ body: () throws -> Void) -> String {
                do { try body() } catch { return "\(error)" }
                return "none"
            }
            let expected = error { try operation.evaluate(inputs, into: [dst]) }
            #expect(expected != "none")
            for partCount in [1, 2, 3, 7] {
                let errors = (0..<partCount).map { part in
                    error { try operation.evaluate(part: part, of: partCount, inputs: inputs, outputs: [dst]) }
                }
                #expect(errors.first { $0 != "none" } == expected, "\(operation.name), \(partCount) parts")
            }
        }
    }
}
