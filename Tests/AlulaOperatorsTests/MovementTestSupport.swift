// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// Whole numbers addressed by index lists: the independent model the movement operators are compared with.
struct Grid: Equatable {
    var extents: [Int]
    var values: [Int]

    /// Element by element, from the index alone.
    init(_ extents: [Int], _ element: ([Int]) -> Int) {
        self.extents = extents
        values = indices(extents).map(element)
    }

    /// The content of a tensor of whole numbers or bools.
    init(_ tensor: Tensor) {
        extents = tensor.shape.extents
        values = tensor.doubles().map { Int($0) }
    }

    subscript(index: [Int]) -> Int {
        var position = 0
        for (axis, value) in index.enumerated() { position = position * extents[axis] + value }
        return values[position]
    }

    /// The grid as a tensor; bools are whether a value is odd.
    func tensor(_ type: DataType) -> Tensor {
        func make<T: NumericElement>(_: T.Type) -> Tensor {
            Tensor(values.map { T(converting: Int64($0)) }, shape: Shape(extents))
        }
        return type.numericElementType.map { make($0) } ?? Tensor(values.map { $0 % 2 != 0 }, shape: Shape(extents))
    }
}

extension ProblemGenerator {
    /// Extents of a random box, some of them 0 or 1.
    mutating func extents(rank: ClosedRange<Int>, largest: Int = 4) -> [Int] {
        (0..<integer(in: rank)).map { _ in integer(in: integer(in: 0...9) == 0 ? 0...0 : 1...largest) }
    }

    /// Numbers that every data type holds exactly; 0 and 1 for bool.
    mutating func grid(_ extents: [Int], _ type: DataType) -> Grid {
        let range = type == .bool ? 0...1 : 0...100
        return Grid(extents) { _ in integer(in: range) }
    }

    /// One of `count`, also in its negative spelling.
    mutating func axis(of count: Int) -> (spelled: Int, axis: Int) {
        let axis = integer(in: 0...(count - 1))
        return (integer(in: 0...1) == 0 ? axis : axis - count, axis)
    }

    /// Indices into `extent`, some negative.
    mutating func indexGrid(_ extents: [Int], below extent: Int) -> Grid {
        Grid(extents) { _ in integer(in: -extent...(extent - 1)) }
    }
}

/// A one-dimensional int64 tensor.
func list(_ values: [Int]) -> Tensor { Tensor(values.map { Int64($0) }, shape: [values.count]) }

/// `index` counted from the back if negative.
func wrapped(_ index: Int, _ extent: Int) -> Int { index < 0 ? index + extent : index }

/// Expects that `operation` gives `expected` in type `type`, printing what led there.
func expect(
    _ operation: any Operator,
    _ inputs: [Tensor?],
    gives expected: [Grid],
    _ type: DataType,
    seed: UInt64,
    location: SourceLocation = #_sourceLocation
) throws {
    let outputs = try evaluateAll(operation, inputs)
    let shapes = inputs.map { $0.map { "\($0.type)" } ?? "none" }
    #expect(outputs.count >= expected.count, sourceLocation: location)
    for (output, grid) in zip(outputs, expected) {
        #expect(
            Grid(output) == grid,
            "\(operation.described) of \(shapes), seed \(seed)",
            sourceLocation: location
        )
    }
    #expect(outputs.first?.dataType == type, sourceLocation: location)
}
