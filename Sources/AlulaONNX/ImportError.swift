// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators

/// Why an ONNX model was refused.
@nonexhaustive
public enum ImportError: Error, Sendable, Equatable {
    /// The file cannot be read.
    case file(path: String, reason: String)
    /// The bytes are not a well-formed ONNX model.
    case malformed(path: String, byteOffset: Int, reason: String)
    /// No importer for the operator.
    case unknownOperator(node: String, operator: String, domain: String, opset: Int)
    /// The model's opset is outside the supported range.
    case opset(domain: String, got: Int, supported: ClosedRange<Int>)
    /// A parameter, type or combination the importer does not support.
    case unsupported(node: String, operator: String, opset: Int, got: String, expected: String)
    /// A node reads a value that nothing makes.
    case undefinedValue(node: String, value: String)
    /// An operator refused its parameters.
    case operatorRefused(node: String, error: OperatorError)
}

extension ImportError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .file(let path, let reason):
            "cannot read model '\(path)': \(reason)"
        case .malformed(let path, let byteOffset, let reason):
            "'\(path)' is not a well-formed ONNX model: at byte \(byteOffset): \(reason)"
        case .unknownOperator(let node, let name, let domain, let opset):
            "node '\(node)': operator '\(domain.isEmpty ? "" : domain + ".")\(name)' (opset \(opset)) is not supported"
        case .opset(let domain, let got, let supported):
            "opset of domain '\(domain.isEmpty ? "ai.onnx" : domain)': got \(got), "
                + "expected \(supported.lowerBound) to \(supported.upperBound)"
        case .unsupported(let node, let name, let opset, let got, let expected):
            "node '\(node)': operator '\(name)' (opset \(opset)): got \(got), expected \(expected)"
        case .undefinedValue(let node, let value):
            "node '\(node)' reads '\(value)', which no input, initializer or earlier node provides"
        case .operatorRefused(let node, let error):
            "node '\(node)': \(error)"
        }
    }
}
