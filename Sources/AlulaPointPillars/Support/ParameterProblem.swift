// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// A parameter that makes no sense, before it is known whether an operator or a configuration held it.
struct ParameterProblem: Error {
    /// The parameter's name, as the caller spells it.
    var name: String
    /// What it was.
    var got: String
    /// What it should be.
    var expected: String

    /// The operator's words for it.
    func operatorError(_ operatorName: String) -> OperatorError {
        .invalidAttribute(operator: operatorName, attribute: name, got: got, expected: expected)
    }
}

/// Throws unless `condition` holds.
func requireParameter(
    _ condition: Bool,
    _ name: String,
    got: @autoclosure () -> String,
    expected: @autoclosure () -> String
) throws(ParameterProblem) {
    guard condition else { throw ParameterProblem(name: name, got: got(), expected: expected()) }
}

extension Attributes {
    /// The real numbers named `name`, exactly `count` of them.
    func floats(_ name: String, count: Int, for op: String) throws(OperatorError) -> [Float] {
        guard let values = try floatsIfPresent(name, for: op), values.count == count else {
            throw .invalidAttribute(
                operator: op,
                attribute: name,
                got: self[name].map { "\($0)" } ?? "nothing",
                expected: "\(count) floats"
            )
        }
        return values
    }
}
