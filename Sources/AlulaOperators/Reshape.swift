// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The same elements under another shape.
///
/// Inputs: src, and the extents as a list of integers: -1, at most once, stands for what is left over; 0 stands for the
/// source's extent of that axis, or for zero itself if ``allowsZero``. Source: ONNX Reshape, opset 21.
public struct Reshape: Operator, Equatable {
    /// `Reshape`.
    public static let name = "Reshape"

    /// Whether an extent of 0 means zero elements.
    public var allowsZero: Bool

    /// Reshapes.
    public init(allowsZero: Bool = false) { self.allowsZero = allowsZero }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        allowsZero = try attributes.bool("allowzero", default: false, for: Self.name)
    }

    /// What an extent of 0 means.
    public var attributes: Attributes { ["allowzero": .integer(allowsZero ? 1 : 0)] }

    /// The source's element type under the new shape; needs the content of the second input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.required(0)
        var extents = try checked.integerList(1)
        let wanted = extents
        let expected = "extents for the \(src.shape.elementCount) elements of \(src.shape)"
        if !allowsZero {
            for (axis, extent) in extents.enumerated() where extent == 0 {
                guard axis < src.shape.rank else {
                    throw checked.invalidValue(1, got: "\(wanted), 0 at axis \(axis)", expected: expected)
                }
                extents[axis] = src.shape[axis]
            }
        }
        if let free = extents.firstIndex(of: -1) {
            extents[free] = 1
            let rest = try checked.checkedShape(extents, from: 1).elementCount
            guard rest > 0, src.shape.elementCount % rest == 0 else {
                throw checked.invalidValue(1, got: "\(wanted)", expected: expected)
            }
            extents[free] = src.shape.elementCount / rest
        }
        let shape = try checked.checkedShape(extents, from: 1)
        guard shape.elementCount == src.shape.elementCount else {
            throw checked.invalidValue(1, got: "\(wanted)", expected: expected)
        }
        return [TensorType(src.dataType, shape)]
    }

    /// Copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        dst.copyElements(from: src)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
