// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Picks slices along one axis: `dst[…, i…, …] = src[…, indices[i…], …]`.
///
/// src: rank 1 or more; indices: int32 or int64 of any shape, negative ones count from the back; dst: src's shape with
/// `axis` replaced by the shape of indices. Source: ONNX Gather, opset 13.
public struct Gather: Operator, Equatable {
    /// `Gather`.
    public static let name = "Gather"

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

    /// The source's type with the axis replaced by the shape of the indices.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try checked.require(.indices, of: 1)
        let src = try checked.required(0)
        let indices = try checked.required(1)
        let axis = try checked.axis(self.axis, of: 0)
        let extents = src.shape.extents[..<axis] + indices.shape.extents + src.shape.extents[(axis + 1)...]
        return [TensorType(src.dataType, try checked.checkedShape(Array(extents), from: 1))]
    }

    /// Copies one run an index and outer index.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        let axis = try checked.axis(self.axis, of: 0)
        guard let dst = outputs.first ?? nil else { return }
        let extent = src.shape[axis]
        var indices = try checked.integers(1)
        for position in indices.indices {
            indices[position] = try checked.normalized(indices[position], in: src.shape, axis: axis)
        }
        let inner = src.shape.elementCount(in: (axis + 1)..<src.shape.rank)
        guard dst.elementCount > 0 else { return }
        var target = 0
        for outer in 0..<src.shape.elementCount(in: 0..<axis) {
            for index in indices {
                dst.copyRun(at: target, from: src, at: (outer * extent + index) * inner, count: inner)
                target += inner
            }
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are rows of dst: one index under one outer index.
extension Gather: PartitionedOperator {
    /// By the bytes of dst.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        IndexedParts.count(byteCount: outputs.first?.byteCount ?? 0)
    }

    /// Copies some rows.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        let axis = try checked.axis(self.axis, of: 0)
        guard let dst = outputs.first ?? nil else { return }
        let count = try checked.required(1).shape.elementCount
        let rowCount = src.shape.elementCount(in: 0..<axis) * count
        let rows = IndexedParts.range(part, of: partCount, count: rowCount)
        // What this part reads of the indices; all of them where nothing is copied, for the sake of the error.
        let firstPlace = rows.isEmpty ? 0 : rows.lowerBound % count
        let isWithinOne = firstPlace + rows.count <= count && !rows.isEmpty
        let places = isWithinOne ? firstPlace..<(firstPlace + rows.count) : 0..<count
        let inner = src.shape.elementCount(in: (axis + 1)..<src.shape.rank)
        var positions = try checked.indices(in: places)
        for place in positions.indices {
            positions[place] = try checked.normalized(positions[place], in: src.shape, axis: axis) * inner
        }
        guard dst.elementCount > 0, !rows.isEmpty else { return }
        let outerStep = src.shape[axis] * inner
        var row = rows.lowerBound
        while row < rows.upperBound {
            let (outer, place) = row.quotientAndRemainder(dividingBy: count)
            let end = min(count, place + rows.upperBound - row)
            dst.copyRuns(
                at: row * inner,
                from: src,
                origin: outer * outerStep,
                at: positions.span.extracting((place - places.lowerBound)..<(end - places.lowerBound)),
                count: inner
            )
            row += end - place
        }
    }
}
