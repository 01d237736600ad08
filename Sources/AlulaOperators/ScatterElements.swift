// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A copy of src with single elements replaced or combined: `dst[indices[i, j, k], j, k] ∘= updates[i, j, k]` for axis 0.
///
/// indices and updates have one shape, src's rank, and outside `axis` extents of at most src's; dst: src's type.
/// Source: ONNX ScatterElements, opset 18; Scatter, opset 9.
public struct ScatterElements: Operator, Equatable {
    /// `ScatterElements`.
    public static let name = "ScatterElements"

    /// The axis the indices run along; negative counts from the back.
    public var axis: Int
    /// What an update does to the element it meets.
    public var reduction: ScatterReduction

    /// Scatters along `axis`.
    public init(axis: Int = 0, reduction: ScatterReduction = .none) {
        self.axis = axis
        self.reduction = reduction
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: 0, for: Self.name)
        reduction = try ScatterReduction(attributes: attributes, for: Self.name)
    }

    /// Axis and reduction.
    public var attributes: Attributes { ["axis": .integer(axis), "reduction": .string(reduction.rawValue)] }

    /// True: exporters scatter into zeros.
    public var outputIsSparse: Bool { true }

    /// The source's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        _ = try checked.elementIndexAxis(axis)
        try checked.requireSameType(0, 2)
        if reduction != .none { try checked.require(.numeric, of: 0) }
        guard try checked.required(2).shape == checked.required(1).shape else {
            throw try checked.shapeMismatch(2, expected: "\(checked.required(1).shape) as indices")
        }
        return [try checked.required(0).type]
    }

    /// Copies the source, then applies the updates in row-major order.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let axis = try checked.elementIndexAxis(axis)
        guard let dst = outputs.first ?? nil else { return }
        dst.copyElements(from: try checked.value(0))
        let positions = try checked.elementPositions(axis: axis)
        reduction.scatter(try checked.value(2), into: dst, at: positions, run: 1)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are stretches of dst, each with the updates that meet it.
extension ScatterElements: PartitionedOperator {
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
        let axis = try checked.elementIndexAxis(self.axis)
        guard let dst = outputs.first ?? nil else { return }
        let range = IndexedParts.range(part, of: partCount, count: dst.elementCount)
        let positions = try checked.elementPositions(axis: axis)
        dst.copyRun(at: range.lowerBound, from: try checked.value(0), at: range.lowerBound, count: range.count)
        reduction.scatter(try checked.value(2), into: dst, at: positions, run: 1, within: range)
    }
}
