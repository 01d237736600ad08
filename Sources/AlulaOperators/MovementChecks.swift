// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

extension Set where Element == DataType {
    /// int32 and int64: what ONNX allows for indices and extents.
    static let indices: Set<DataType> = [.int32, .int64]
}

/// Checks of operators whose parameters are the content of inputs; every number in a tensor is untrusted.
extension CheckedInputs {
    /// The inputs of an evaluation, whose contents are all known.
    init(_ inputs: [Tensor?], of operatorName: String, count: ClosedRange<Int>) throws(OperatorError) {
        let known = inputs.map { tensor in tensor.map { OperatorInput($0) } }
        try self.init(known, of: operatorName, count: count)
    }

    /// The content of input `index`, a list (or a scalar) of int32 or int64.
    func integerList(_ index: Int) throws(OperatorError) -> [Int] {
        try require(.indices, of: index)
        try require(rank: 0...1, of: index)
        return try integers(index)
    }

    /// ``integerList(_:)`` of an optional input; nil when it is omitted.
    func integerListIfPresent(_ index: Int) throws(OperatorError) -> [Int]? {
        self[index] == nil ? nil : try integerList(index)
    }

    /// The content of input `index`, one int32 or int64.
    func singleInteger(_ index: Int) throws(OperatorError) -> Int {
        let values = try integerList(index)
        guard values.count == 1 else {
            throw .shapeMismatch(
                operator: operatorName,
                input: index,
                got: try required(index).shape,
                expected: "one element"
            )
        }
        return values[0]
    }

    /// `axes`, the content of input `index`, mapped to `0..<rank`; they must be in range and differ.
    func distinctAxes(_ axes: [Int], rank: Int, from index: Int) throws(OperatorError) -> [Int] {
        var normalized: [Int] = []
        var seen: Set<Int> = []
        for axis in axes {
            let value = axis < 0 ? axis + rank : axis
            guard (0..<rank).contains(value), seen.insert(value).inserted else {
                throw invalidValue(index, got: "axes \(axes)", expected: "distinct axes in -\(rank)..<\(rank)")
            }
            normalized.append(value)
        }
        return normalized
    }

    /// A shape from extents that follow from the content of input `index`.
    func checkedShape(_ extents: [Int], from index: Int) throws(OperatorError) -> Shape {
        guard let shape = Shape(checking: extents) else {
            throw invalidValue(
                index,
                got: "output extents \(extents)",
                expected: "extents of at least 0 with fewer than 2^48 elements"
            )
        }
        return shape
    }

    /// An error about the content of input `index`.
    func invalidValue(_ index: Int, got: String, expected: String) -> OperatorError {
        .invalidValue(operator: operatorName, input: index, got: got, expected: expected)
    }

    /// An error about the shape of input `index`.
    func shapeMismatch(_ index: Int, expected: String) throws(OperatorError) -> OperatorError {
        .shapeMismatch(operator: operatorName, input: index, got: try required(index).shape, expected: expected)
    }

    /// An error about a parameter.
    func invalidAttribute(_ attribute: String, got: String, expected: String) -> OperatorError {
        .invalidAttribute(operator: operatorName, attribute: attribute, got: got, expected: expected)
    }
}

extension Operator {
    /// Output `index`, checked to have the shape that the inputs' content asks for; nil when it is not wanted.
    static func output(
        _ index: Int,
        of outputs: [Tensor?],
        shape: Shape
    ) throws(OperatorError) -> Tensor? {
        guard index < outputs.count, let output = outputs[index] else { return nil }
        guard output.shape == shape else {
            throw .shapeMismatch(
                operator: Self.name,
                input: index,
                got: output.shape,
                expected: "\(shape) for the output of this index, from the inputs' content"
            )
        }
        return output
    }
}

extension Int {
    /// Maps a possibly negative index to `0..<extent`; nil when it is outside `-extent..<extent`.
    func normalizedIndex(in extent: Int) -> Int? {
        let index = self < 0 ? self + extent : self
        return index >= 0 && index < extent ? index : nil
    }
}
