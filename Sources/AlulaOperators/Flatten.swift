// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The same elements as a matrix: the axes before `axis` become rows, the others columns.
///
/// src: any type and rank. Source: ONNX Flatten, opset 21.
public struct Flatten: Operator, Equatable {
    /// `Flatten`.
    public static let name = "Flatten"

    /// The first axis of the columns, `-rank...rank`.
    public var axis: Int

    /// Flattens around `axis`.
    public init(axis: Int = 1) { self.axis = axis }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: 1, for: Self.name)
    }

    /// The axis.
    public var attributes: Attributes { ["axis": .integer(axis)] }

    /// Rows and columns.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        let src = try checked.required(0)
        let rank = src.shape.rank
        let split = axis < 0 ? axis + rank : axis
        guard (0...rank).contains(split) else {
            throw checked.invalidAttribute("axis", got: "\(axis)", expected: "-\(rank)...\(rank) for \(src.shape)")
        }
        let extents = [src.shape.elementCount(in: 0..<split), src.shape.elementCount(in: split..<rank)]
        return [TensorType(src.dataType, try checked.checkedShape(extents, from: 0))]
    }

    /// Copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        dst.copyElements(from: src)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
