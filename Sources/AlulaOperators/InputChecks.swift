// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The inputs of one shape rule, with the checks every rule needs, each failing with the operator's name.
public struct CheckedInputs: Sendable {
    /// The operator's name, for errors.
    public let operatorName: String
    /// The inputs as given; nil where omitted.
    public let inputs: [OperatorInput?]

    /// Checks that at least `count.lowerBound` and at most `count.upperBound` inputs are given.
    public init(
        _ inputs: [OperatorInput?],
        of operatorName: String,
        count: ClosedRange<Int>
    ) throws(OperatorError) {
        guard inputs.count <= count.upperBound,
            inputs.count >= count.lowerBound,
            inputs.prefix(count.lowerBound).allSatisfy({ $0 != nil })
        else {
            let expected =
                count.upperBound == .max
                ? "\(count.lowerBound) or more"
                : count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "\(count)"
            throw .inputCount(operator: operatorName, got: inputs.compactMap(\.self).count, expected: expected)
        }
        self.operatorName = operatorName
        self.inputs = inputs
    }

    /// Input `index`; nil when omitted.
    public subscript(index: Int) -> OperatorInput? { index < inputs.count ? inputs[index] : nil }

    /// Input `index`, which must be present.
    public func required(_ index: Int) throws(OperatorError) -> OperatorInput {
        guard let input = self[index] else {
            throw .inputCount(operator: operatorName, got: inputs.count, expected: "input \(index)")
        }
        return input
    }

    /// The content of input `index`; throws ``OperatorError/valueRequired(input:)`` when it is not known yet.
    public func value(_ index: Int) throws(OperatorError) -> Tensor {
        guard let value = try required(index).value else { throw .valueRequired(input: index) }
        return value
    }

    /// The content of input `index` as integers.
    public func integers(_ index: Int) throws(OperatorError) -> [Int] {
        let tensor = try value(index)
        guard let integers = tensor.integers() else {
            throw .unsupportedDataType(operator: operatorName, input: index, got: tensor.dataType, expected: "integers")
        }
        return integers
    }

    /// Checks the rank of input `index`.
    public func require(rank: ClosedRange<Int>, of index: Int) throws(OperatorError) {
        let shape = try required(index).shape
        guard rank.contains(shape.rank) else {
            let expected = rank.lowerBound == rank.upperBound ? "rank \(rank.lowerBound)" : "rank in \(rank)"
            throw .shapeMismatch(operator: operatorName, input: index, got: shape, expected: expected)
        }
    }

    /// Checks the element type of input `index`.
    public func require(_ types: Set<DataType>, of index: Int) throws(OperatorError) {
        let type = try required(index).dataType
        guard types.contains(type) else {
            let expected = types.map(\.description).sorted().joined(separator: ", ")
            throw .unsupportedDataType(operator: operatorName, input: index, got: type, expected: expected)
        }
    }

    /// Checks that inputs `first` and `second` have the same element type.
    public func requireSameType(_ first: Int, _ second: Int) throws(OperatorError) {
        let expected = try required(first).dataType
        let got = try required(second).dataType
        guard got == expected else {
            throw .unsupportedDataType(
                operator: operatorName,
                input: second,
                got: got,
                expected: "\(expected), as input \(first)"
            )
        }
    }

    /// `axis` mapped to `0..<rank` of input `index`.
    public func axis(_ axis: Int, of index: Int) throws(OperatorError) -> Int {
        let shape = try required(index).shape
        guard let normalized = shape.normalizedAxis(axis) else {
            throw .invalidAttribute(
                operator: operatorName,
                attribute: "axis",
                got: "\(axis)",
                expected: "-\(shape.rank)..<\(shape.rank) for shape \(shape)"
            )
        }
        return normalized
    }
}

extension Set where Element == DataType {
    /// float32, float16, float64.
    public static let floats: Set<DataType> = Set(DataType.allCases.filter(\.isFloatingPoint))
    /// All signed and unsigned integers.
    public static let integers: Set<DataType> = Set(DataType.allCases.filter(\.isInteger))
    /// Everything but bool.
    public static let numeric: Set<DataType> = Set(DataType.allCases.filter { $0 != .bool })
    /// Everything.
    public static let all: Set<DataType> = Set(DataType.allCases)
}
