// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A new axis of extent depth that holds the on-value at the index and the off-value elsewhere.
///
/// Inputs: indices, numbers, negative ones count from the back, others outside the depth switch nothing on; depth, one
/// number; values, `[off, on]` of any type. dst: the shape of indices with the new axis, type of values.
/// Source: ONNX OneHot, opset 11.
public struct OneHot: Operator, Equatable {
    /// `OneHot`.
    public static let name = "OneHot"

    /// The place of the new axis in the output; negative counts from its back.
    public var axis: Int

    /// Inserts the new axis at `axis`.
    public init(axis: Int = -1) { self.axis = axis }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: -1, for: Self.name)
    }

    /// The axis.
    public var attributes: Attributes { ["axis": .integer(axis)] }

    /// The shape of indices with the new axis; needs the content of depth.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let indices = try checked.required(0).shape
        try checked.require(.numeric, of: 0)
        try checked.require(.numeric, of: 1)
        guard try checked.required(1).shape.elementCount == 1 else {
            throw try checked.shapeMismatch(1, expected: "one element")
        }
        guard try checked.required(2).shape == [2] else { throw try checked.shapeMismatch(2, expected: "[2]") }
        let rank = indices.rank + 1
        let place = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(place) else {
            throw checked.invalidAttribute("axis", got: "\(axis)", expected: "-\(rank)..<\(rank) for \(indices)")
        }
        var extents = indices.extents
        extents.insert(Int(Int64(saturating: try checked.value(1).doubles()[0])), at: place)
        return [TensorType(try checked.required(2).dataType, try checked.checkedShape(extents, from: 1))]
    }

    /// Fills with the off-value, then writes the on-value at every index.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        guard let shape = try inferOutputs(checked.inputs).first?.shape,
            let dst = try Self.output(0, of: outputs, shape: shape)
        else { return }
        let (indices, values) = (try checked.value(0), try checked.value(2))
        let place = axis < 0 ? axis + shape.rank : axis
        let depth = shape[place]
        let inner = shape.elementCount(in: (place + 1)..<shape.rank)
        dst.fill(from: values, at: 0)
        let list = indices.integers() ?? indices.doubles().map { Int(Int64(saturating: $0)) }
        for (position, wanted) in list.enumerated() {
            guard let index = wanted.normalizedIndex(in: depth) else { continue }
            let target = (position / inner * depth + index) * inner + position % inner
            dst.copyRun(at: target, from: values, at: 1, count: 1)
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
