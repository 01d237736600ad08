// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Crops or zero-pads axes around their centre to given extents.
///
/// Inputs: src; the wanted extents, one an axis. An odd surplus is cropped, or padded, at the end.
/// Source: ONNX CenterCropPad, opset 18.
public struct CenterCropPad: Operator, Equatable {
    /// `CenterCropPad`.
    public static let name = "CenterCropPad"

    /// The axes the wanted extents belong to, negative ones count from the back; nil for all, in order.
    public var axes: [Int]?

    /// Crops or pads `axes`.
    public init(axes: [Int]? = nil) { self.axes = axes }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axes = try attributes.integersIfPresent("axes", for: Self.name)
    }

    /// The axes, if any.
    public var attributes: Attributes { axes.map { ["axes": .integers($0)] } ?? [:] }

    /// The source's type with the wanted extents; needs the content of the second input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.required(0)
        let axes = try checked.distinctAxes(axes ?? Array(src.shape.indices), rank: src.shape.rank, from: 0)
        let wanted = try checked.integerList(1)
        guard wanted.count == axes.count else {
            throw checked.invalidValue(1, got: "\(wanted)", expected: "\(axes.count) extents, one an axis")
        }
        var extents = src.shape.extents
        for (axis, extent) in zip(axes, wanted) { extents[axis] = extent }
        return [TensorType(src.dataType, try checked.checkedShape(extents, from: 1))]
    }

    /// Fills with zeros, then copies the centre.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        guard let shape = try inferOutputs(checked.inputs).first?.shape,
            let dst = try Self.output(0, of: outputs, shape: shape)
        else { return }
        dst.fill(from: Tensor(zeros: dst.dataType, shape: .scalar))
        var origin = BoxSteps(src.shape.contiguousStrides)
        var target = BoxSteps(dst.shape.contiguousStrides)
        for axis in src.shape.indices {
            origin.start += max(src.shape[axis] - shape[axis], 0) / 2 * origin.steps[axis]
            target.start += max(shape[axis] - src.shape[axis], 0) / 2 * target.steps[axis]
        }
        dst.copyBox(src.shape.indices.map { min(src.shape[$0], shape[$0]) }, at: target, from: src, at: origin)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
