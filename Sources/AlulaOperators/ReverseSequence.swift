// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Reverses the first elements of every sequence in a batch, each by its own length.
///
/// Inputs: src, rank 2 or more; lengths, one integer a sequence, at most the extent of the time axis.
/// Source: ONNX ReverseSequence, opset 10.
public struct ReverseSequence: Operator, Equatable {
    /// `ReverseSequence`.
    public static let name = "ReverseSequence"

    /// The axis of sequences, 0 or 1.
    public var batchAxis: Int
    /// The axis to reverse, 0 or 1, the other one.
    public var timeAxis: Int

    /// Reverses along `timeAxis`.
    public init(batchAxis: Int = 1, timeAxis: Int = 0) {
        self.batchAxis = batchAxis
        self.timeAxis = timeAxis
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        batchAxis = try attributes.integer("batch_axis", default: 1, for: Self.name)
        timeAxis = try attributes.integer("time_axis", default: 0, for: Self.name)
        guard [batchAxis, timeAxis].sorted() == [0, 1] else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "time_axis",
                got: "\(timeAxis) with batch_axis \(batchAxis)",
                expected: "0 and 1, or 1 and 0"
            )
        }
    }

    /// Both axes.
    public var attributes: Attributes { ["batch_axis": .integer(batchAxis), "time_axis": .integer(timeAxis)] }

    /// The source's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try checked.require(rank: 2...Int.max, of: 0)
        try checked.require(.indices, of: 1)
        let src = try checked.required(0)
        guard try checked.required(1).shape.extents == [src.shape[batchAxis]] else {
            throw try checked.shapeMismatch(1, expected: "[\(src.shape[batchAxis])], one length a sequence")
        }
        return [src.type]
    }

    /// Copies, then overwrites every sequence's first elements with a step backwards.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        guard let dst = outputs.first ?? nil else { return }
        let src = try checked.value(0)
        dst.copyElements(from: src)
        let strides = src.shape.contiguousStrides
        for (sequence, length) in try checked.integers(1).enumerated() {
            guard (0...src.shape[timeAxis]).contains(length) else {
                throw checked.invalidValue(1, got: "length \(length)", expected: "0...\(src.shape[timeAxis])")
            }
            guard length > 1 else { continue }
            var extents = src.shape.extents
            extents[batchAxis] = 1
            extents[timeAxis] = length
            var origin = BoxSteps(start: sequence * strides[batchAxis], strides)
            let target = origin
            origin.start += (length - 1) * strides[timeAxis]
            origin.steps[timeAxis] = -strides[timeAxis]
            dst.copyBox(extents, at: target, from: src, at: origin)
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
