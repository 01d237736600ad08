// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The largest or smallest `k` elements along one axis, and where they were.
///
/// Inputs: src, numbers; k, one int64. Outputs: values, src's type with `axis` of extent k; their int64 indices.
/// Sorted best first; of equal elements the one with the lower index comes first; NaN counts as largest.
/// Source: ONNX TopK, opset 11.
public struct TopK: Operator, Equatable {
    /// `TopK`.
    public static let name = "TopK"

    /// The axis to search; negative counts from the back.
    public var axis: Int
    /// Whether the largest elements are wanted.
    public var largest: Bool
    /// Whether the order of the result matters; it is sorted either way.
    public var sorted: Bool

    /// Searches `axis`.
    public init(axis: Int = -1, largest: Bool = true, sorted: Bool = true) {
        self.axis = axis
        self.largest = largest
        self.sorted = sorted
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: -1, for: Self.name)
        largest = try attributes.bool("largest", default: true, for: Self.name)
        sorted = try attributes.bool("sorted", default: true, for: Self.name)
    }

    /// Axis and order.
    public var attributes: Attributes {
        ["axis": .integer(axis), "largest": .integer(largest ? 1 : 0), "sorted": .integer(sorted ? 1 : 0)]
    }

    /// Types of values and indices; needs the content of k.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try checked.require(.numeric, of: 0)
        let src = try checked.required(0)
        let axis = try checked.axis(self.axis, of: 0)
        let count = try checked.singleInteger(1)
        guard (0...src.shape[axis]).contains(count) else {
            throw checked.invalidValue(
                1,
                got: "k = \(count)",
                expected: "0...\(src.shape[axis]), the extent of axis \(axis) of \(src.shape)"
            )
        }
        var extents = src.shape.extents
        extents[axis] = count
        return [TensorType(src.dataType, Shape(extents)), TensorType(.int64, Shape(extents))]
    }

    /// Sorts every lane.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let types = try inferOutputs(checked.inputs)
        let src = try checked.value(0)
        let axis = try checked.axis(axis, of: 0)
        guard let shape = types.first?.shape, shape.elementCount > 0, let type = src.dataType.numericElementType
        else { return }
        let values = try Self.output(0, of: outputs, shape: shape)
        let indices = try Self.output(1, of: outputs, shape: shape)
        select(from: src, axis: axis, count: shape[axis], values: values, indices: indices, as: type)
    }

    private func select<T: NumericElement>(
        from src: Tensor,
        axis: Int,
        count: Int,
        values: Tensor?,
        indices: Tensor?,
        as type: T.Type
    ) {
        let source = src.span(of: T.self)
        let extent = src.shape[axis]
        let inner = src.shape.elementCount(in: (axis + 1)..<src.shape.rank)
        for lane in 0..<(src.elementCount / extent) {
            let first = lane / inner * extent * inner + lane % inner
            let keys = (0..<extent).map { source[first + $0 * inner] }
            let order = keys.indices.sorted { left, right in
                let (a, b) = largest ? (keys[right], keys[left]) : (keys[left], keys[right])
                if Self.isBelow(a, b) { return true }
                return !Self.isBelow(b, a) && left < right
            }
            let target = lane / inner * count * inner + lane % inner
            for place in 0..<count {
                if let values { write(keys[order[place]], to: target + place * inner, of: values) }
                if let indices { write(Int64(order[place]), to: target + place * inner, of: indices) }
            }
        }
    }

    private func write<T: Element>(_ value: T, to index: Int, of tensor: Tensor) {
        var span = tensor.mutableSpan(of: T.self)
        span[index] = value
    }

    /// A total order with NaN above everything.
    private static func isBelow<T: NumericElement>(_ left: T, _ right: T) -> Bool {
        left < right || (right != right && left == left)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
