// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The slices along one axis, or the elements of the flattened source, for which a condition is true.
///
/// Inputs: src; condition, a list of bools that may be shorter than the axis. Source: ONNX Compress, opset 11.
public struct Compress: Operator, Equatable {
    /// `Compress`.
    public static let name = "Compress"

    /// The axis to select along, negative counts from the back; nil flattens the source.
    public var axis: Int?

    /// Selects along `axis`, or of the flattened source.
    public init(axis: Int? = nil) { self.axis = axis }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = attributes["axis"] == nil ? nil : try attributes.integer("axis", for: Self.name)
    }

    /// The axis, if any.
    public var attributes: Attributes { axis.map { ["axis": .integer($0)] } ?? [:] }

    /// The source's type with as many slices as there are true conditions; needs the content of the condition.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        var (extents, axis) = try layout(checked)
        extents[axis] = try selected(checked, extent: extents[axis], axis: axis).count
        return [TensorType(try checked.required(0).dataType, Shape(extents))]
    }

    private func layout(_ checked: CheckedInputs) throws(OperatorError) -> (extents: [Int], axis: Int) {
        let src = try checked.required(0).shape
        guard let axis else { return ([src.elementCount], 0) }
        return (src.extents, try checked.axis(axis, of: 0))
    }

    private func selected(_ checked: CheckedInputs, extent: Int, axis: Int) throws(OperatorError) -> [Int] {
        try checked.require([.bool], of: 1)
        try checked.require(rank: 1...1, of: 1)
        let condition = try checked.integers(1)
        let selected = condition.indices.filter { condition[$0] != 0 }
        guard selected.last ?? -1 < extent else {
            throw checked.invalidValue(
                1,
                got: "true at \(selected.last ?? 0)",
                expected: "true only below \(extent), the extent of axis \(axis)"
            )
        }
        return selected
    }

    /// Copies one run a selected slice and outer index.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        var (extents, axis) = try layout(checked)
        let extent = extents[axis]
        let inner = extents[(axis + 1)...].reduce(1, *)
        let selected = try selected(checked, extent: extent, axis: axis)
        extents[axis] = selected.count
        guard let dst = try Self.output(0, of: outputs, shape: Shape(extents)), dst.elementCount > 0 else { return }
        for outer in 0..<extents[..<axis].reduce(1, *) {
            for (place, index) in selected.enumerated() {
                let target = (outer * selected.count + place) * inner
                dst.copyRun(at: target, from: src, at: (outer * extent + index) * inner, count: inner)
            }
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
