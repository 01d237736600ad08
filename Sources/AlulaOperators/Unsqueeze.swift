// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The same elements with axes of extent one inserted.
///
/// Inputs: src, and the places of the inserted axes in the output; negative ones count from its back.
/// Source: ONNX Unsqueeze, opset 21.
public struct Unsqueeze: Operator, Equatable {
    /// `Unsqueeze`.
    public static let name = "Unsqueeze"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The source's type with the inserted axes; needs the content of the second input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.required(0)
        let list = try checked.integerList(1)
        let rank = src.shape.rank + list.count
        let inserted = Set(try checked.distinctAxes(list, rank: rank, from: 1))
        var rest = src.shape.extents[...]
        let extents = (0..<rank).map { inserted.contains($0) ? 1 : rest.removeFirst() }
        return [TensorType(src.dataType, Shape(extents))]
    }

    /// Copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        dst.copyElements(from: src)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
