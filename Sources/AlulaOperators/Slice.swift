// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Every `step`-th element between a start and an end, along some axes.
///
/// Inputs: src, starts, ends, optionally axes (all, in order, when omitted) and steps (1). Starts and ends count from
/// the back when negative and are clamped to the axis; a negative step walks backwards. Behind a negative step an end of
/// the largest int32 or int64 means up to and including index 0, as in ONNX Runtime; clamped it would select nothing.
/// Source: ONNX Slice, opset 13.
public struct Slice: Operator, Equatable {
    /// `Slice`.
    public static let name = "Slice"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The source's type with the walked extents; needs the content of all inputs but the first.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...5)
        let src = try checked.required(0)
        return [TensorType(src.dataType, Shape(try Walk(checked).extents))]
    }

    /// Copies the walked box.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...5)
        let src = try checked.value(0)
        let walk = try Walk(checked)
        guard let dst = try Self.output(0, of: outputs, shape: Shape(walk.extents)), dst.elementCount > 0
        else { return }
        let strides = src.shape.contiguousStrides
        let start = zip(walk.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
        let origin = BoxSteps(start: start, zip(walk.steps, strides).map { $0 * $1 })
        dst.copyBox(walk.extents, at: BoxSteps(dst.shape.contiguousStrides), from: src, at: origin)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

extension Slice {
    /// First index, step and number of elements along every axis of the source.
    package struct Walk {
        package private(set) var starts: [Int]
        package private(set) var steps: [Int]
        package private(set) var extents: [Int]
    }

    /// The elements of inputs whose contents are known.
    ///
    /// - Throws: ``OperatorError/valueRequired(input:)`` where a content is missing, and whatever the shape rule throws.
    package func walk(_ inputs: [OperatorInput?]) throws(OperatorError) -> Walk {
        try Walk(CheckedInputs(inputs, of: Self.name, count: 3...5))
    }
}

extension Slice.Walk {
    fileprivate init(_ checked: CheckedInputs) throws(OperatorError) {
        let shape = try checked.required(0).shape
        let first = try checked.integerList(1)
        let ends = try checked.integerList(2)
        let axes = try checked.integerListIfPresent(3) ?? Array(first.indices)
        let strides = try checked.integerListIfPresent(4) ?? [Int](repeating: 1, count: first.count)
        for (input, list) in [(2, ends), (3, axes), (4, strides)] where list.count != first.count {
            throw checked.invalidValue(input, got: "\(list.count) elements", expected: "\(first.count), as starts")
        }
        guard !strides.contains(0) else {
            throw checked.invalidValue(4, got: "\(strides)", expected: "steps other than 0")
        }
        starts = [Int](repeating: 0, count: shape.rank)
        steps = [Int](repeating: 1, count: shape.rank)
        extents = shape.extents
        for (index, axis) in try checked.distinctAxes(axes, rank: shape.rank, from: 3).enumerated() {
            set(axis, of: shape, first: first[index], end: ends[index], step: strides[index])
        }
    }

    private mutating func set(_ axis: Int, of shape: Shape, first: Int, end: Int, step: Int) {
        let extent = shape[axis]
        let limits = step > 0 ? 0...extent : -1...max(extent - 1, -1)
        let firstLimits = step > 0 ? 0...extent : min(0, extent - 1)...max(extent - 1, -1)
        let from = Self.clamp(first < 0 ? first + extent : first, firstLimits)
        let isOpen = step < 0 && (end == .max || end == Int(Int32.max))
        let to = isOpen ? -1 : Self.clamp(end < 0 ? end + extent : end, limits)
        let span = step > 0 ? to - from : from - to
        let stride = Int(min(step.magnitude, UInt(Int.max)))
        extents[axis] = span <= 0 ? 0 : (span - 1) / stride + 1
        starts[axis] = from
        // A step that is never taken may be too large to multiply with.
        steps[axis] = extents[axis] > 1 ? step : 1
    }

    private static func clamp(_ value: Int, _ limits: ClosedRange<Int>) -> Int {
        min(max(value, limits.lowerBound), limits.upperBound)
    }
}
