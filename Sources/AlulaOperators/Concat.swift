// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Joins tensors along one axis.
///
/// src: one or more tensors of one type that agree in all extents but `axis`; dst: the sum of extents along `axis`.
/// Source: ONNX Concat, opset 13.
public struct Concat: Operator, Equatable {
    /// `Concat`.
    public static let name = "Concat"

    /// The axis along which the inputs follow each other; negative counts from the back.
    public var axis: Int

    /// Joins along `axis`.
    public init(axis: Int) { self.axis = axis }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", for: Self.name)
    }

    /// The axis.
    public var attributes: Attributes { ["axis": .integer(axis)] }

    /// The inputs' type with the extents along the axis added up.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...Int.max)
        let first = try checked.required(0)
        let axis = try checked.axis(self.axis, of: 0)
        var extents = first.shape.extents
        for index in 1..<inputs.count {
            try checked.requireSameType(0, index)
            let shape = try checked.required(index).shape
            var expected = first.shape.extents
            if shape.rank == expected.count { expected[axis] = shape[axis] }
            guard shape.extents == expected else {
                throw try checked.shapeMismatch(
                    index,
                    expected: "\(first.shape) as input 0, except along axis \(axis)"
                )
            }
            // Saturates above the largest shape, so that the sum cannot overflow.
            extents[axis] = min(extents[axis] + shape[axis], 1 << 48)
        }
        return [TensorType(first.dataType, try checked.checkedShape(extents, from: 0))]
    }

    /// Copies one run an input and outer index.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs.first ?? nil, let axis = dst.shape.normalizedAxis(axis) else { return }
        let strides = dst.shape.contiguousStrides
        var position = 0
        for case let src? in inputs {
            let target = BoxSteps(start: position * strides[axis], strides)
            dst.copyBox(src.shape.extents, at: target, from: src, at: BoxSteps(src.shape.contiguousStrides))
            position += src.shape[axis]
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
