// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Picks slices by index tuples: `dst[b…, i…] = src[b…, indices[b…, i…, :]…]`.
///
/// The innermost axis of indices holds tuples into the axes of src after the first `batchDimensions`; dst: extents of
/// indices without the innermost, then the axes of src that the tuples leave over.
/// Source: ONNX GatherND, opset 13.
public struct GatherND: Operator, Equatable {
    /// `GatherND`.
    public static let name = "GatherND"

    /// How many leading axes src and indices share.
    public var batchDimensions: Int

    /// Picks slices behind `batchDimensions` shared axes.
    public init(batchDimensions: Int = 0) { self.batchDimensions = batchDimensions }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        batchDimensions = try attributes.integer("batch_dims", default: 0, for: Self.name)
    }

    /// The number of shared axes.
    public var attributes: Attributes { ["batch_dims": .integer(batchDimensions)] }

    /// Extents of the index tuples, then of the slices they name.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let tupleLength = try checked.tupleLength(batchDimensions: batchDimensions)
        let src = try checked.required(0)
        let left = src.shape.extents.dropFirst(batchDimensions + tupleLength)
        let extents = try checked.required(1).shape.extents.dropLast() + left
        return [TensorType(src.dataType, try checked.checkedShape(Array(extents), from: 1))]
    }

    /// Copies one run a tuple.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        guard let dst = outputs.first ?? nil else { return }
        let tupleLength = try checked.tupleLength(batchDimensions: batchDimensions)
        let run = src.shape.elementCount(in: (batchDimensions + tupleLength)..<src.shape.rank)
        for (tuple, position) in try checked.tuplePositions(batchDimensions: batchDimensions).enumerated() {
            dst.copyRun(at: tuple * run, from: src, at: position, count: run)
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are tuples.
extension GatherND: PartitionedOperator {
    /// By the bytes of dst and of the tuples.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let tuples = inputs.count > 1 ? inputs[1]?.byteCount ?? 0 : 0
        return IndexedParts.count(byteCount: (outputs.first?.byteCount ?? 0) + tuples)
    }

    /// Copies the slices of some tuples.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        guard let dst = outputs.first ?? nil else { return }
        let length = try checked.tupleLength(batchDimensions: batchDimensions)
        let run = src.shape.elementCount(in: (batchDimensions + length)..<src.shape.rank)
        let indices = try checked.required(1).shape
        let count = indices.elementCount(in: 0..<(indices.rank - 1))
        let tuples = IndexedParts.range(part, of: partCount, count: count)
        let positions = try checked.tuplePositions(batchDimensions: batchDimensions, in: tuples)
        dst.copyRuns(at: tuples.lowerBound * run, from: src, at: positions.span, count: run)
    }
}

/// What GatherND and ScatterND share: slices of input 0 are addressed by the tuples in input 1.
extension CheckedInputs {
    /// Checks types and shapes of data and index tuples; returns how many axes a tuple addresses.
    func tupleLength(batchDimensions: Int) throws(OperatorError) -> Int {
        try require(.indices, of: 1)
        let data = try required(0).shape
        let indices = try required(1).shape
        guard batchDimensions >= 0, batchDimensions < min(data.rank, indices.rank) else {
            if batchDimensions == 0 { throw try shapeMismatch(data.rank == 0 ? 0 : 1, expected: "rank 1 or more") }
            throw invalidAttribute(
                "batch_dims",
                got: "\(batchDimensions)",
                expected: "less than the ranks of data \(data) and indices \(indices), and at least 0"
            )
        }
        guard data.extents.prefix(batchDimensions) == indices.extents.prefix(batchDimensions) else {
            throw try shapeMismatch(1, expected: "the first \(batchDimensions) extents of \(data)")
        }
        let length = indices[indices.rank - 1]
        guard length >= 1, length <= data.rank - batchDimensions else {
            throw try shapeMismatch(
                1,
                expected: "an innermost extent in 1...\(data.rank - batchDimensions), as many axes as tuples address"
            )
        }
        return length
    }

    /// For every tuple, in row-major order, the linear position in input 0 of the slice's first element.
    ///
    /// - Parameter range: the tuples wanted; nil: all.
    func tuplePositions(batchDimensions: Int, in range: Range<Int>? = nil) throws(OperatorError) -> [Int] {
        let data = try required(0).shape
        let indices = try required(1).shape
        let length = try tupleLength(batchDimensions: batchDimensions)
        let steps = data.contiguousStrides
        let range = range ?? 0..<indices.elementCount(in: 0..<(indices.rank - 1))
        let tuples = try self.indices(in: range.lowerBound * length..<range.upperBound * length)
        let perBatch = indices.elementCount(in: batchDimensions..<(indices.rank - 1))
        let batchStep = data.elementCount(in: batchDimensions..<data.rank)
        var positions: [Int] = []
        positions.reserveCapacity(range.count)
        for tuple in 0..<range.count {
            var position = batchDimensions == 0 ? 0 : (range.lowerBound + tuple) / perBatch * batchStep
            for component in 0..<length {
                let axis = batchDimensions + component
                position += try normalized(tuples[tuple * length + component], in: data, axis: axis) * steps[axis]
            }
            positions.append(position)
        }
        return positions
    }
}
