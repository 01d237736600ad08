// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

extension ImportContext {
    /// The attribute `name` as an integer, or `fallback` when absent.
    public func integer(_ name: String, default fallback: Int) throws(ImportError) -> Int {
        switch node.attributes[name] {
        case .integer(let value)?: return value
        case nil: return fallback
        default: throw attributeKind(name, expected: "an integer")
        }
    }

    /// The attribute `name` as an integer; nil when absent.
    public func integer(_ name: String) throws(ImportError) -> Int? {
        node.attributes[name] == nil ? nil : try integer(name, default: 0)
    }

    /// The attribute `name` as a boolean (any non-zero integer), or `fallback` when absent.
    public func bool(_ name: String, default fallback: Bool) throws(ImportError) -> Bool {
        try integer(name, default: fallback ? 1 : 0) != 0
    }

    /// The attribute `name` as a real number, or `fallback` when absent.
    public func float(_ name: String, default fallback: Float) throws(ImportError) -> Float {
        switch node.attributes[name] {
        case .float(let value)?: return value
        case nil: return fallback
        default: throw attributeKind(name, expected: "a float")
        }
    }

    /// The attribute `name` as text, or `fallback` when absent.
    public func string(_ name: String, default fallback: String) throws(ImportError) -> String {
        switch node.attributes[name] {
        case .string(let value)?: return value
        case nil: return fallback
        default: throw attributeKind(name, expected: "a string")
        }
    }

    /// The attribute `name` as integers; nil when absent.
    public func integers(_ name: String) throws(ImportError) -> [Int]? {
        switch node.attributes[name] {
        case .integers(let value)?: return value
        // Some exporters write an empty list of floats for an empty list of integers.
        case .floats(let value)? where value.isEmpty: return []
        case nil: return nil
        default: throw attributeKind(name, expected: "a list of integers")
        }
    }

    /// The attribute `name` as real numbers; nil when absent.
    public func floats(_ name: String) throws(ImportError) -> [Float]? {
        switch node.attributes[name] {
        case .floats(let value)?: return value
        case .integers(let value)? where value.isEmpty: return []
        case nil: return nil
        default: throw attributeKind(name, expected: "a list of floats")
        }
    }

    /// The attribute `name` as a tensor; nil when absent.
    public func tensor(_ name: String) throws(ImportError) -> Tensor? {
        switch node.attributes[name] {
        case .tensor(let value)?: return value
        case nil: return nil
        default: throw attributeKind(name, expected: "a tensor")
        }
    }

    /// An error naming the node, its operator and opset, for a combination that is not supported.
    public func unsupported(_ what: String, expected: String) -> ImportError {
        .unsupported(node: displayName, operator: node.operatorType, opset: opset, got: what, expected: expected)
    }

    private func attributeKind(_ name: String, expected: String) -> ImportError {
        let got = node.attributes[name].map { "\($0)" } ?? "nothing"
        return unsupported("attribute '\(name)' = \(got)", expected: expected)
    }
}
