// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A copy of src with slices replaced or combined: `dst[indices[i…, :]…] ∘= updates[i…]`.
///
/// The innermost axis of indices holds tuples into the leading axes of src; updates: extents of indices without the
/// innermost, then the axes of src that the tuples leave over; dst: src's type. Source: ONNX ScatterND, opset 18.
public struct ScatterND: Operator, Equatable {
    /// `ScatterND`.
    public static let name = "ScatterND"

    /// What an update does to the elements it meets.
    public var reduction: ScatterReduction

    /// Scatters slices.
    public init(reduction: ScatterReduction = .none) { self.reduction = reduction }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        reduction = try ScatterReduction(attributes: attributes, for: Self.name)
    }

    /// The reduction.
    public var attributes: Attributes { ["reduction": .string(reduction.rawValue)] }

    /// True: exporters scatter into zeros.
    public var outputIsSparse: Bool { true }

    /// The source's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let tupleLength = try checked.tupleLength(batchDimensions: 0)
        try checked.requireSameType(0, 2)
        if reduction != .none { try checked.require(.numeric, of: 0) }
        let src = try checked.required(0)
        let expected = try checked.required(1).shape.extents.dropLast() + src.shape.extents.dropFirst(tupleLength)
        guard try checked.required(2).shape.extents == Array(expected) else {
            throw try checked.shapeMismatch(2, expected: "\(Array(expected)) from data and indices")
        }
        return [src.type]
    }

    /// Copies the source, then applies the updates in row-major order of the tuples.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        guard let dst = outputs.first ?? nil else { return }
        let src = try checked.value(0)
        let run = src.shape.elementCount(in: try checked.tupleLength(batchDimensions: 0)..<src.shape.rank)
        dst.copyElements(from: src)
        let positions = try checked.tuplePositions(batchDimensions: 0)
        reduction.scatter(try checked.value(2), into: dst, at: positions, run: run)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are stretches of dst, each with the updates that meet it.
extension ScatterND: PartitionedOperator {
    /// By the bytes of dst; every part reads all indices.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        ScatterReduction.partCount(inputs: inputs, outputs: outputs)
    }

    /// Copies a stretch of the source, then applies the updates there.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        guard let dst = outputs.first ?? nil else { return }
        let src = try checked.value(0)
        let run = src.shape.elementCount(in: try checked.tupleLength(batchDimensions: 0)..<src.shape.rank)
        let range = IndexedParts.range(part, of: partCount, count: dst.elementCount)
        let positions = try checked.tuplePositions(batchDimensions: 0)
        dst.copyRun(at: range.lowerBound, from: src, at: range.lowerBound, count: range.count)
        reduction.scatter(try checked.value(2), into: dst, at: positions, run: run, within: range)
    }
}
