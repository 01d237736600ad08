// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators

/// Why an ONNX model was refused.
@nonexhaustive
public enum ImportError: Error, Sendable, Equatable {
    /// The file cannot be read.
    case file(path: String, reason: String)
    /// The bytes are not a well-formed ONNX model.
    case malformed(path: String, byteOffset: Int, reason: String)
    /// Nodes whose operators have no importer: all of the model's, in order.
    case unknownOperators([NodeSummary])
    /// The node's opset is outside the range supported for its operator.
    case opset(NodeSummary, supported: ClosedRange<Int>)
    /// A parameter, type or combination the importer does not support.
    case unsupported(node: String, operator: String, opset: Int, got: String, expected: String)
    /// An input, output or constant is of a kind Alula does not support.
    case unsupportedValue(name: String, got: String, expected: String)
    /// A node reads a value that nothing makes, or that depends on the node itself.
    case undefinedValue(node: String, value: String)
    /// Two nodes make a value of the same name.
    case duplicateValue(node: String, value: String)
    /// Model-local functions call themselves or expand to more nodes than any real model has.
    case functionExpansion(node: String, function: String, reason: String)
    /// An operator refused its parameters.
    case operatorRefused(node: String, error: OperatorError)
}

/// A node as errors name it.
public struct NodeSummary: Sendable, Equatable {
    /// The node's name, or that of its first output.
    public var node: String
    /// For example `Conv`.
    public var operatorType: String
    /// The operator set's domain; empty means ONNX's own.
    public var domain: String
    /// The opset version the model imports for the domain.
    public var opset: Int

    /// A summary.
    public init(node: String, operatorType: String, domain: String, opset: Int) {
        self.node = node
        self.operatorType = operatorType
        self.domain = domain
        self.opset = opset
    }
}

extension NodeSummary: CustomStringConvertible {
    /// Node, operator with domain, opset.
    public var description: String {
        "node '\(node)': operator '\(domain.isEmpty ? "" : domain + ".")\(operatorType)' (opset \(opset))"
    }
}

extension ImportError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .file(let path, let reason):
            "cannot read model '\(path)': \(reason)"
        case .malformed(let path, let byteOffset, let reason):
            "'\(path)' is not a well-formed ONNX model: at byte \(byteOffset): \(reason)"
        case .unknownOperators(let nodes):
            nodes.map(\.description).joined(separator: "; ") + (nodes.count == 1 ? " is" : " are") + " not supported"
        case .opset(let node, let supported):
            "\(node): got opset \(node.opset), expected \(supported.lowerBound) to \(supported.upperBound)"
        case .unsupported(let node, let name, let opset, let got, let expected):
            "node '\(node)': operator '\(name)' (opset \(opset)): got \(got), expected \(expected)"
        case .unsupportedValue(let name, let got, let expected):
            "value '\(name)': got \(got), expected \(expected)"
        case .undefinedValue(let node, let value):
            "node '\(node)' reads '\(value)', which no input, initializer or other node provides first"
        case .duplicateValue(let node, let value):
            "node '\(node)' makes '\(value)', which exists already"
        case .functionExpansion(let node, let function, let reason):
            "node '\(node)': function '\(function)': \(reason)"
        case .operatorRefused(let node, let error):
            "node '\(node)': \(error)"
        }
    }
}
