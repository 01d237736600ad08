// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The distinct elements of the flattened source, or its distinct slices along one axis.
///
/// Outputs: the distinct ones; int64 lists of where each first occurs, of which one each element or slice is, and of how
/// often each occurs. All NaN count as one value, above all others. Source: ONNX Unique, opset 11.
public struct Unique: Operator, Equatable {
    /// `Unique`.
    public static let name = "Unique"

    /// The axis of the slices, negative counts from the back; nil flattens the source.
    public var axis: Int?
    /// Whether the result ascends; otherwise it is in the order of first occurrence.
    public var sorted: Bool

    /// Distinct slices along `axis`, or elements.
    public init(axis: Int? = nil, sorted: Bool = true) {
        self.axis = axis
        self.sorted = sorted
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = attributes["axis"] == nil ? nil : try attributes.integer("axis", for: Self.name)
        sorted = try attributes.bool("sorted", default: true, for: Self.name)
    }

    /// Order, and axis if there is one.
    public var attributes: Attributes {
        var attributes: Attributes = ["sorted": .integer(sorted ? 1 : 0)]
        if let axis { attributes["axis"] = .integer(axis) }
        return attributes
    }

    /// Four types that follow from the content of the input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        var (extents, axis) = try layout(checked)
        let src = try checked.value(0)
        let laneCount = extents[axis]
        let groups = groups(src, extents: extents, axis: axis)
        extents[axis] = groups.count
        return [
            TensorType(src.dataType, Shape(extents)),
            TensorType(.int64, [groups.count]),
            TensorType(.int64, [laneCount]),
            TensorType(.int64, [groups.count]),
        ]
    }

    private func layout(_ checked: CheckedInputs) throws(OperatorError) -> (extents: [Int], axis: Int) {
        let src = try checked.required(0).shape
        guard let axis else { return ([src.elementCount], 0) }
        return (src.extents, try checked.axis(axis, of: 0))
    }

    /// The lanes along `axis` by equality, each group ascending.
    private func groups(_ src: Tensor, extents: [Int], axis: Int) -> [[Int]] {
        guard let type = src.dataType.numericElementType else {
            return groups(src, extents: extents, axis: axis, as: Bool.self) { !$0 && $1 }
        }
        func numeric<T: NumericElement>(_: T.Type) -> [[Int]] {
            groups(src, extents: extents, axis: axis, as: T.self) { (left: T, right: T) in
                left < right || (right != right && left == left)
            }
        }
        return numeric(type)
    }

    private func groups<T: Element>(
        _ src: Tensor,
        extents: [Int],
        axis: Int,
        as type: T.Type,
        isBelow: (T, T) -> Bool
    ) -> [[Int]] {
        let elements = src.elements(as: T.self)
        let extent = extents[axis]
        let inner = extents[(axis + 1)...].reduce(1, *)
        let outer = elements.isEmpty ? 0 : extents[..<axis].reduce(1, *)
        /// Negative, zero or positive as lane `left` is below, equal to or above lane `right`.
        func compare(_ left: Int, _ right: Int) -> Int {
            for row in 0..<outer {
                for column in 0..<inner {
                    let a = elements[(row * extent + left) * inner + column]
                    let b = elements[(row * extent + right) * inner + column]
                    if isBelow(a, b) { return -1 }
                    if isBelow(b, a) { return 1 }
                }
            }
            return 0
        }
        let lanes = (0..<extent).sorted { left, right in
            let order = compare(left, right)
            return order == 0 ? left < right : order < 0
        }
        var groups: [[Int]] = []
        for lane in lanes {
            if let first = groups.last?.first, compare(first, lane) == 0 {
                groups[groups.count - 1].append(lane)
            } else {
                groups.append([lane])
            }
        }
        return sorted ? groups : groups.sorted { $0[0] < $1[0] }
    }

    /// Copies the first lane of every group and writes the lists.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        let src = try checked.value(0)
        let (extents, axis) = try layout(checked)
        let groups = groups(src, extents: extents, axis: axis)
        var shape = extents
        shape[axis] = groups.count
        if let dst = try Self.output(0, of: outputs, shape: Shape(shape)), dst.elementCount > 0 {
            let inner = extents[(axis + 1)...].reduce(1, *)
            for outer in 0..<extents[..<axis].reduce(1, *) {
                for (place, group) in groups.enumerated() {
                    let origin = (outer * extents[axis] + group[0]) * inner
                    dst.copyRun(at: (outer * groups.count + place) * inner, from: src, at: origin, count: inner)
                }
            }
        }
        var inverse = [Int](repeating: 0, count: extents[axis])
        for (place, group) in groups.enumerated() { for lane in group { inverse[lane] = place } }
        try Self.write(groups.map { $0[0] }, to: 1, of: outputs)
        try Self.write(inverse, to: 2, of: outputs)
        try Self.write(groups.map(\.count), to: 3, of: outputs)
    }

    private static func write(_ values: [Int], to index: Int, of outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = try output(index, of: outputs, shape: [values.count]) else { return }
        var target = dst.mutableSpan(of: Int64.self)
        for position in values.indices { target[position] = Int64(values[position]) }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
