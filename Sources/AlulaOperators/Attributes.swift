// SPDX-License-Identifier: Apache-2.0

/// One parameter of an operator.
public enum AttributeValue: Sendable, Hashable {
    /// An integer; booleans are 0 and 1.
    case integer(Int)
    /// A real number.
    case float(Float)
    /// Text, for modes such as `linear`.
    case string(String)
    /// A list of integers.
    case integers([Int])
    /// A list of real numbers.
    case floats([Float])
    /// A list of texts.
    case strings([String])
    /// Operators inside this one, in order; used by ``Fused``.
    case operators([OperatorDescription])
}

/// An operator as name and parameters: what plans store and what compares equal when operators do.
public struct OperatorDescription: Sendable, Hashable {
    /// The operator's registered name.
    public var name: String
    /// Its parameters.
    public var attributes: Attributes

    /// A description of an operator.
    public init(name: String, attributes: Attributes) {
        self.name = name
        self.attributes = attributes
    }

    /// The description of `op`.
    public init(_ op: some Operator) { self.init(name: type(of: op).name, attributes: op.attributes) }
}

extension OperatorDescription {
    /// Name and parameters in ascending order of names: equal descriptions have equal texts.
    package var text: String {
        let parameters = attributes.sortedNames.map { name in "\(name)=\(attributes[name].map(\.text) ?? "")" }
        return parameters.isEmpty ? name : "\(name)(\(parameters.joined(separator: " ")))"
    }
}

extension AttributeValue {
    fileprivate var text: String {
        switch self {
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): value
        case .integers(let values): "\(values)"
        case .floats(let values): "\(values)"
        case .strings(let values): "\(values)"
        case .operators(let nested): nested.map(\.text).joined(separator: "+")
        }
    }
}

/// An operator's parameters by name.
public struct Attributes: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// The values by name.
    public private(set) var values: [String: AttributeValue]

    /// Parameters from a literal.
    public init(dictionaryLiteral elements: (String, AttributeValue)...) {
        values = Dictionary(elements) { _, last in last }
    }

    /// Parameters from a dictionary.
    public init(_ values: [String: AttributeValue] = [:]) { self.values = values }

    /// Reads or replaces one parameter.
    public subscript(name: String) -> AttributeValue? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// Names in ascending order, the order of serialised plans.
    public var sortedNames: [String] { values.keys.sorted() }
}

extension Attributes {
    /// The integer named `name`, or `fallback` when absent.
    public func integer(
        _ name: String,
        default fallback: Int? = nil,
        for op: String
    ) throws(OperatorError) -> Int {
        switch (values[name], fallback) {
        case (.integer(let value)?, _): return value
        case (nil, let fallback?): return fallback
        case (let got, _): throw .invalidAttribute(got, name, for: op, expected: "an integer")
        }
    }

    /// The boolean named `name` (0 or 1), or `fallback` when absent.
    public func bool(_ name: String, default fallback: Bool? = nil, for op: String) throws(OperatorError) -> Bool {
        let value = try integer(name, default: fallback.map { $0 ? 1 : 0 }, for: op)
        guard value == 0 || value == 1 else {
            throw .invalidAttribute(values[name], name, for: op, expected: "0 or 1")
        }
        return value == 1
    }

    /// The real number named `name`, or `fallback` when absent.
    public func float(_ name: String, default fallback: Float? = nil, for op: String) throws(OperatorError) -> Float {
        switch (values[name], fallback) {
        case (.float(let value)?, _): return value
        case (nil, let fallback?): return fallback
        case (let got, _): throw .invalidAttribute(got, name, for: op, expected: "a float")
        }
    }

    /// The text named `name`, or `fallback` when absent.
    public func string(
        _ name: String,
        default fallback: String? = nil,
        for op: String
    ) throws(OperatorError) -> String {
        switch (values[name], fallback) {
        case (.string(let value)?, _): return value
        case (nil, let fallback?): return fallback
        case (let got, _): throw .invalidAttribute(got, name, for: op, expected: "a string")
        }
    }

    /// The integers named `name`, or `fallback` when absent.
    public func integers(
        _ name: String,
        default fallback: [Int]? = nil,
        for op: String
    ) throws(OperatorError) -> [Int] {
        switch (values[name], fallback) {
        case (.integers(let value)?, _): return value
        case (nil, let fallback?): return fallback
        case (let got, _): throw .invalidAttribute(got, name, for: op, expected: "a list of integers")
        }
    }

    /// The integers named `name`; nil when absent.
    public func integersIfPresent(_ name: String, for op: String) throws(OperatorError) -> [Int]? {
        values[name] == nil ? nil : try integers(name, for: op)
    }

    /// The real numbers named `name`; nil when absent.
    public func floatsIfPresent(_ name: String, for op: String) throws(OperatorError) -> [Float]? {
        switch values[name] {
        case .floats(let value)?: return value
        case nil: return nil
        case let got: throw .invalidAttribute(got, name, for: op, expected: "a list of floats")
        }
    }
}

extension OperatorError {
    fileprivate static func invalidAttribute(
        _ value: AttributeValue?,
        _ name: String,
        for op: String,
        expected: String
    ) -> OperatorError {
        .invalidAttribute(operator: op, attribute: name, got: value.map { "\($0)" } ?? "nothing", expected: expected)
    }
}
