// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Picks elements along one axis: `dst[i, j, k] = src[indices[i, j, k], j, k]` for axis 0.
///
/// src and indices have one rank, and outside `axis` the extents of indices are at most src's; dst: shape of indices.
/// Negative indices count from the back. Source: ONNX GatherElements, opset 13.
public struct GatherElements: Operator, Equatable {
    /// `GatherElements`.
    public static let name = "GatherElements"

    /// The axis the indices run along; negative counts from the back.
    public var axis: Int

    /// Picks along `axis`.
    public init(axis: Int = 0) { self.axis = axis }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: 0, for: Self.name)
    }

    /// The axis.
    public var attributes: Attributes { ["axis": .integer(axis)] }

    /// The source's element type with the shape of the indices.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        _ = try checked.elementIndexAxis(axis)
        return [TensorType(try checked.required(0).dataType, try checked.required(1).shape)]
    }

    /// Copies element by element.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let axis = try checked.elementIndexAxis(axis)
        let src = try checked.value(0)
        guard let dst = outputs.first ?? nil else { return }
        for (position, offset) in try checked.elementPositions(axis: axis).enumerated() {
            dst.copyRun(at: position, from: src, at: offset, count: 1)
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are stretches of dst.
extension GatherElements: PartitionedOperator {
    /// By the bytes of dst and of the indices.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        IndexedParts.count(byteCount: 2 * (outputs.first?.byteCount ?? 0))
    }

    /// Copies some elements.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let axis = try checked.elementIndexAxis(self.axis)
        let src = try checked.value(0)
        guard let dst = outputs.first ?? nil, dst.elementCount > 0 else { return }
        let shape = dst.shape
        var steps = src.shape.contiguousStrides
        let axisStep = steps[axis]
        steps[axis] = 0
        let elements = IndexedParts.range(part, of: partCount, count: shape.elementCount)
        let extent = src.shape[axis]
        let rowLength = shape[shape.rank - 1]
        let step = steps[shape.rank - 1]
        var element = elements.lowerBound
        while element < elements.upperBound {
            let (row, column) = element.quotientAndRemainder(dividingBy: rowLength)
            let end = min(elements.upperBound, (row + 1) * rowLength)
            var positions = try checked.indices(in: element..<end)
            for index in positions.indices {
                guard let picked = positions[index].normalizedIndex(in: extent) else {
                    _ = try checked.normalized(positions[index], in: src.shape, axis: axis)
                    continue
                }
                positions[index] = picked * axisStep + (column + index) * step
            }
            var (rest, origin) = (row, 0)
            for axis in (0..<(shape.rank - 1)).reversed() {
                origin += rest % shape[axis] * steps[axis]
                rest /= shape[axis]
            }
            dst.copyRuns(at: element, from: src, origin: origin, at: positions.span, count: 1)
            element = end
        }
    }
}

/// What GatherElements and ScatterElements share: input 0 is addressed by the indices in input 1.
extension CheckedInputs {
    /// Checks types and shapes of data and indices, and normalises `axis`.
    func elementIndexAxis(_ axis: Int) throws(OperatorError) -> Int {
        try require(.indices, of: 1)
        let data = try required(0).shape
        let indices = try required(1).shape
        let axis = try self.axis(axis, of: 0)
        let fits = (0..<data.rank).allSatisfy { $0 == axis || $0 >= indices.rank || indices[$0] <= data[$0] }
        guard indices.rank == data.rank, fits else {
            throw try shapeMismatch(1, expected: "extents within \(data) of input 0, except along axis \(axis)")
        }
        return axis
    }

    /// For every index, in row-major order, the linear position in input 0 that it names.
    func elementPositions(axis: Int) throws(OperatorError) -> [Int] {
        let data = try required(0).shape
        let shape = try required(1).shape
        var positions = try integers(1)
        var steps = data.contiguousStrides
        let axisStep = steps[axis]
        steps[axis] = 0
        var walk = StridedIndices(shape, first: steps)
        for position in positions.indices {
            let index = try normalized(positions[position], in: data, axis: axis)
            positions[position] = walk.offsets.first + index * axisStep
            walk.advance()
        }
        return positions
    }
}
