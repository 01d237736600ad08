// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Why an operator refused its parameters or inputs.
///
/// The error knows the operator's side only; importer, builder and runtime wrap it with the node's name.
@nonexhaustive
public enum OperatorError: Error, Sendable, Equatable {
    /// The output shape depends on the content of this input, which is not known yet.
    case valueRequired(input: Int)
    /// No operator of this name is registered.
    case unknownOperator(name: String)
    /// A parameter is missing, of the wrong kind, or out of range.
    case invalidAttribute(operator: String, attribute: String, got: String, expected: String)
    /// Too few or too many inputs.
    case inputCount(operator: String, got: Int, expected: String)
    /// An input's shape does not fit the operator.
    case shapeMismatch(operator: String, input: Int, got: Shape, expected: String)
    /// An input's element type is not supported.
    case unsupportedDataType(operator: String, input: Int, got: DataType, expected: String)
    /// An input's content is out of range, e.g. an index beyond its axis.
    case invalidValue(operator: String, input: Int, got: String, expected: String)
}

extension OperatorError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .valueRequired(let input):
            "output shape depends on the content of input \(input), which is not known before the step runs"
        case .unknownOperator(let name):
            "no operator named '\(name)' is registered"
        case .invalidAttribute(let name, let attribute, let got, let expected):
            "\(name): attribute '\(attribute)': got \(got), expected \(expected)"
        case .inputCount(let name, let got, let expected):
            "\(name): got \(got) inputs, expected \(expected)"
        case .shapeMismatch(let name, let input, let got, let expected):
            "\(name): input \(input): got shape \(got), expected \(expected)"
        case .unsupportedDataType(let name, let input, let got, let expected):
            "\(name): input \(input): got \(got), expected \(expected)"
        case .invalidValue(let name, let input, let got, let expected):
            "\(name): input \(input): got \(got), expected \(expected)"
        }
    }
}
