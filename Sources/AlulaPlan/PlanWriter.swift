// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Appends little-endian fields to the description section.
struct PlanWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: UInt8) { bytes.append(value) }

    mutating func put(_ value: Int) {
        let bits = UInt64(bitPattern: Int64(value))
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }

    mutating func put(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func put(_ value: Float) { put(value.bitPattern) }

    mutating func put(_ value: String) {
        put(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func put(_ shape: Shape) { put(shape.extents) }

    mutating func put(_ values: [Int]) {
        put(values.count)
        for value in values { put(value) }
    }

    /// Indices with -1 for nil.
    mutating func put(_ values: [Int?]) { put(values.map { $0 ?? -1 }) }

    mutating func put(_ attributes: Attributes) {
        put(attributes.values.count)
        for name in attributes.sortedNames {
            guard let value = attributes[name] else { continue }
            put(name)
            put(value)
        }
    }

    mutating func put(_ description: OperatorDescription) {
        put(description.name)
        put(description.attributes)
    }

    private mutating func put(_ value: AttributeValue) {
        put(AttributeTag(value).rawValue)
        switch value {
        case .integer(let value): put(value)
        case .float(let value): put(value)
        case .string(let value): put(value)
        case .integers(let values): put(values)
        case .floats(let values):
            put(values.count)
            for value in values { put(value) }
        case .strings(let values):
            put(values.count)
            for value in values { put(value) }
        case .operators(let values):
            put(values.count)
            for value in values { put(value) }
        }
    }
}

/// The byte that says which kind of attribute value follows.
enum AttributeTag: UInt8 {
    case integer = 0
    case float = 1
    case string = 2
    case integers = 3
    case floats = 4
    case strings = 5
    case operators = 6

    init(_ value: AttributeValue) {
        self =
            switch value {
            case .integer: .integer
            case .float: .float
            case .string: .string
            case .integers: .integers
            case .floats: .floats
            case .strings: .strings
            case .operators: .operators
            }
    }
}

/// The byte that says where a value lives.
enum ValueTag: UInt8 {
    case binding = 0
    case constant = 1
    case intermediate = 2
}
