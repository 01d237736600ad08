// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The same elements without axes of extent one.
///
/// Inputs: src, and optionally the axes to drop; without them all axes of extent one go.
/// Source: ONNX Squeeze, opset 21.
public struct Squeeze: Operator, Equatable {
    /// `Squeeze`.
    public static let name = "Squeeze"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The source's type without the dropped axes; needs the content of the second input if there is one.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        let src = try checked.required(0)
        var dropped = Set(src.shape.indices.filter { src.shape[$0] == 1 })
        if let axes = try checked.integerListIfPresent(1) {
            dropped = Set(try checked.distinctAxes(axes, rank: src.shape.rank, from: 1))
            guard dropped.allSatisfy({ src.shape[$0] == 1 }) else {
                throw checked.invalidValue(1, got: "axes \(axes)", expected: "axes of extent 1 of \(src.shape)")
            }
        }
        let kept = src.shape.indices.filter { !dropped.contains($0) }
        return [TensorType(src.dataType, Shape(kept.map { src.shape[$0] }))]
    }

    /// Copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        dst.copyElements(from: src)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
