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
            guard let index = indices[position].normalizedIndex(in: extent) else {
                throw checked.invalidValue(
                    1,
                    got: "index \(indices[position])",
                    expected: "-\(extent)..<\(extent) for axis \(axis) of \(src.shape)"
                )
            }
            indices[position] = index
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
