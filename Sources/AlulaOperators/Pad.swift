// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Adds elements before and after every axis, or removes them where a count is negative.
///
/// Inputs: src; pads, the counts before every axis and then the counts after it; optionally the value of constant
/// padding, one element of src's type (or float32 for any floating-point type); optionally the axes the pads belong to
/// (all, in order, when omitted). Negative counts crop before the other axes' ends are padded.
/// Source: ONNX Pad, opset 21.
public struct Pad: Operator, Equatable {
    /// `Pad`.
    public static let name = "Pad"

    /// What the added elements are.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// One value, zero unless given.
        case constant
        /// The axis mirrored at its ends, which are not repeated.
        case reflect
        /// The nearest element.
        case edge
        /// The axis repeated periodically.
        case wrap
    }

    /// What the added elements are.
    public var mode: Mode

    /// Pads by `mode`.
    public init(mode: Mode = .constant) { self.mode = mode }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let text = try attributes.string("mode", default: "constant", for: Self.name)
        guard let mode = Mode(rawValue: text) else {
            let expected = "one of " + Mode.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidAttribute(operator: Self.name, attribute: "mode", got: text, expected: expected)
        }
        self.mode = mode
    }

    /// The mode.
    public var attributes: Attributes { ["mode": .string(mode.rawValue)] }

    /// The source's type with every extent changed by its pads; needs the content of pads and axes.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        let src = try checked.required(0)
        if let value = checked[2] {
            guard value.shape.elementCount == 1 else { throw try checked.shapeMismatch(2, expected: "one element") }
            if !(value.dataType == .float32 && src.dataType.isFloatingPoint) { try checked.requireSameType(0, 2) }
        }
        return [TensorType(src.dataType, try Padding(checked, mode: mode).shape)]
    }

    /// Copies what is kept, then fills or copies the borders, innermost axis first.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        let src = try checked.value(0)
        let padding = try Padding(checked, mode: mode)
        guard let dst = try Self.output(0, of: outputs, shape: padding.shape), dst.elementCount > 0 else { return }
        if mode == .constant {
            dst.fill(from: Self.fillValue(checked[2]?.value, as: src.dataType))
        }
        let strides = dst.shape.contiguousStrides
        let origin = padding.cropStart(strides: src.shape.contiguousStrides)
        let target = padding.keptStart(strides: strides, axes: 0..<dst.shape.rank)
        dst.copyBox(
            padding.kept,
            at: BoxSteps(start: target, strides),
            from: src,
            at: BoxSteps(start: origin, src.shape.contiguousStrides)
        )
        guard mode != .constant else { return }
        for axis in dst.shape.indices.reversed() {
            // Axes further in are complete already; those further out only where elements were kept.
            var extents = padding.kept[..<axis] + dst.shape.extents[axis...]
            extents[axis] = 1
            let start = padding.keptStart(strides: strides, axes: 0..<axis)
            let first = max(padding.before[axis], 0)
            let kept = first..<(first + padding.kept[axis])
            for position in 0..<dst.shape[axis] where !kept.contains(position) {
                let source = first + mode.sourceIndex(position - first, extent: kept.count)
                dst.copyBox(
                    Array(extents),
                    at: BoxSteps(start: start + position * strides[axis], strides),
                    from: dst,
                    at: BoxSteps(start: start + source * strides[axis], strides)
                )
            }
        }
    }

    /// What is added in mode ``Mode/constant``: `value`, or zero where it is nil.
    package static func fillValue(_ value: Tensor?, as type: DataType) -> Tensor {
        guard let value else { return Tensor(zeros: type, shape: .scalar) }
        guard value.dataType != type, let float = type.floatElementType else { return value }
        func convert<T: FloatElement>(_: T.Type) -> Tensor { Tensor(scalar: T(converting: value.doubles()[0])) }
        return convert(float)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

extension Pad.Mode {
    /// The kept index in `0..<extent` that an index outside of it repeats.
    package func sourceIndex(_ index: Int, extent: Int) -> Int {
        func modulo(_ value: Int, _ period: Int) -> Int { (value % period + period) % period }
        switch self {
        case .constant, .edge: return min(max(index, 0), extent - 1)
        case .wrap: return modulo(index, extent)
        case .reflect:
            guard extent > 1 else { return 0 }
            let phase = modulo(index, 2 * (extent - 1))
            return phase < extent ? phase : 2 * (extent - 1) - phase
        }
    }
}

extension Pad {
    /// The counts of one padding, along every axis of the source.
    package struct Padding {
        /// Elements added (or removed, when negative) before every axis.
        package private(set) var before: [Int]
        /// Elements of the source that are kept.
        package private(set) var kept: [Int]
        /// The output's shape.
        package private(set) var shape: Shape
    }

    /// The padding of inputs whose contents are known.
    ///
    /// - Throws: ``OperatorError/valueRequired(input:)`` where a content is missing, and whatever the shape rule throws.
    package func padding(_ inputs: [OperatorInput?]) throws(OperatorError) -> Padding {
        try Padding(CheckedInputs(inputs, of: Self.name, count: 2...4), mode: mode)
    }
}

extension Pad.Padding {
    fileprivate init(_ checked: CheckedInputs, mode: Pad.Mode) throws(OperatorError) {
        let src = try checked.required(0).shape
        let pads = try checked.integerList(1)
        let axes = try checked.distinctAxes(
            try checked.integerListIfPresent(3) ?? Array(src.indices),
            rank: src.rank,
            from: 3
        )
        let limit = -(1 << 48)...(1 << 48)
        guard pads.count == 2 * axes.count, pads.allSatisfy({ limit.contains($0) }) else {
            throw checked.invalidValue(
                1,
                got: "\(pads)",
                expected: "a count before and one after each of \(axes.count) axes"
            )
        }
        before = [Int](repeating: 0, count: src.rank)
        kept = src.extents
        var extents = src.extents
        for (index, axis) in axes.enumerated() {
            let (first, last) = (pads[index], pads[axes.count + index])
            before[axis] = first
            kept[axis] += min(first, 0) + min(last, 0)
            extents[axis] += first + last
            guard kept[axis] >= 0, kept[axis] > 0 || mode == .constant || extents[axis] == 0 else {
                throw checked.invalidValue(
                    1,
                    got: "\(first) before and \(last) after axis \(axis)",
                    expected: "counts that keep elements of an axis of \(src[axis])"
                )
            }
        }
        shape = try checked.checkedShape(extents, from: 1)
    }

    /// The same padding of tensors stored as `[N, ⌈C/c⌉, …, c]` with `c = lanes`; nil where channels are added, or removed in
    /// front.
    package func inBlocks(ofLanes lanes: Int) -> Pad.Padding? {
        guard shape.rank >= 3, before[1] == 0, kept[1] == shape[1] else { return nil }
        var padding = self
        let blocks = (shape[1] + lanes - 1) / lanes
        padding.before.append(0)
        padding.kept[1] = blocks
        padding.kept.append(lanes)
        padding.shape = Shape([shape[0], blocks] + shape.extents.dropFirst(2) + [lanes])
        return padding
    }

    /// Linear index in the source of the first kept element.
    package func cropStart(strides: [Int]) -> Int {
        zip(before, strides).reduce(0) { $0 + max(-$1.0, 0) * $1.1 }
    }

    /// Linear index in the output of the first kept element along `axes`, the others being at 0.
    package func keptStart(strides: [Int], axes: Range<Int>) -> Int {
        axes.reduce(0) { $0 + max(before[$1], 0) * strides[$1] }
    }
}
