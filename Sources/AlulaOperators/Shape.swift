// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The extents of a tensor, or of the axes from `start` to `end`, as an int64 list.
///
/// Start and end count from the back when negative and are clamped to the axes. Source: ONNX Shape, opset 21.
public struct ShapeOf: Operator, Equatable {
    /// `Shape`.
    public static let name = "Shape"

    /// The first axis.
    public var start: Int
    /// The axis after the last one; nil for all to the end.
    public var end: Int?

    /// The extents of the axes from `start` to `end`.
    public init(start: Int = 0, end: Int? = nil) {
        self.start = start
        self.end = end
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        start = try attributes.integer("start", default: 0, for: Self.name)
        end = attributes["end"] == nil ? nil : try attributes.integer("end", for: Self.name)
    }

    /// Start, and end if there is one.
    public var attributes: Attributes {
        var attributes: Attributes = ["start": .integer(start)]
        if let end { attributes["end"] = .integer(end) }
        return attributes
    }

    /// A list of as many int64 as there are axes.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let src = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0)
        return [TensorType(.int64, [extents(of: src.shape).count])]
    }

    /// The extents, which the input's type tells.
    public func outputsKnownFromTypes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Tensor]? {
        let src = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0)
        let extents = extents(of: src.shape)
        return [Tensor(extents.map { Int64($0) }, shape: [extents.count])]
    }

    private func extents(of shape: Shape) -> ArraySlice<Int> {
        let first = clamp(start, rank: shape.rank)
        return shape.extents[first..<max(first, clamp(end ?? shape.rank, rank: shape.rank))]
    }

    private func clamp(_ axis: Int, rank: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }

    /// Writes the extents.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        var target = dst.mutableSpan(of: Int64.self)
        for (index, extent) in extents(of: src.shape).enumerated() { target[index] = Int64(extent) }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
