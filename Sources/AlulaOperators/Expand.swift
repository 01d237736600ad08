// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Repeats a tensor along axes of extent one, so that it has the shape it and the wanted one broadcast to.
///
/// Inputs: src, and the wanted extents as a list of integers. Source: ONNX Expand, opset 13.
public struct Expand: Operator, Equatable {
    /// `Expand`.
    public static let name = "Expand"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The common broadcast shape; needs the content of the second input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.required(0)
        let wanted = try checked.checkedShape(try checked.integerList(1), from: 1)
        guard let shape = src.shape.broadcast(with: wanted) else {
            throw checked.invalidValue(1, got: "\(wanted)", expected: "extents that \(src.shape) broadcasts with")
        }
        return [TensorType(src.dataType, try checked.checkedShape(shape.extents, from: 1))]
    }

    /// Copies with a step of zero along repeated axes.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        guard let shape = try inferOutputs(checked.inputs).first?.shape,
            let dst = try Self.output(0, of: outputs, shape: shape)
        else { return }
        dst.copyBox(
            dst.shape.extents,
            at: BoxSteps(dst.shape.contiguousStrides),
            from: src,
            at: BoxSteps(src.shape.broadcastStrides(to: dst.shape))
        )
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
