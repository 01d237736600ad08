// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators
public import AlulaTensor

/// Why bytes are not a plan this library can run, or why a plan cannot be prepared for given shapes.
@nonexhaustive
public enum PlanError: Error, Sendable, Equatable {
    /// The bytes do not start like a plan.
    /// - Parameter guess: what they look like instead, e.g. `an ONNX model`; nil when nothing known.
    case notAPlan(guess: String?)
    /// The file ends too early.
    case truncated(byteCount: Int, expectedByteCount: Int)
    /// The content of a section (`header`, `description`, `weights`) changed after it was written.
    case checksumMismatch(section: String)
    /// The plan was written by a newer format than this library reads.
    case newerVersion(got: Int, supported: Int)
    /// The plan was written on a machine of the other byte order.
    case foreign(byteOrderMark: UInt32)
    /// A step uses an operator that is not registered.
    case unknownOperator(name: String, step: String)
    /// An operator refused its parameters or, for given shapes, its inputs.
    case operatorRefused(step: String, reason: OperatorError)
    /// A field has a value it must not have.
    case malformed(what: String, location: String, got: String, expected: String)
    /// The plan's file cannot be read or written.
    case file(path: String, reason: String)
    /// Shapes given for the inputs do not fit the bindings.
    case shapeMismatch(binding: String, got: Shape, expected: String)
}

extension PlanError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .notAPlan(let guess):
            "not a plan: " + (guess.map { "the bytes look like \($0)" } ?? "got unknown leading bytes")
                + ", expected a file written by `alula build`"
        case .truncated(let byteCount, let expected):
            "plan is truncated: got \(byteCount) bytes, expected \(expected)"
        case .checksumMismatch(let section):
            "plan is corrupted: the checksum of section '\(section)' does not match its content"
        case .newerVersion(let got, let supported):
            "plan has format version \(got), this library reads up to version \(supported): rebuild it or update Alula"
        case .foreign(let mark):
            "plan was written on a machine of the other byte order (mark 0x\(String(mark, radix: 16))): rebuild it here"
        case .unknownOperator(let name, let step):
            "step '\(step)' uses operator '\(name)', which is not registered with this engine"
        case .operatorRefused(let step, let reason):
            "step '\(step)': \(reason)"
        case .malformed(let what, let location, let got, let expected):
            "malformed plan: \(what) in \(location): got \(got), expected \(expected)"
        case .file(let path, let reason):
            "plan file '\(path)': \(reason)"
        case .shapeMismatch(let binding, let got, let expected):
            "binding '\(binding)': got shape \(got), expected \(expected)"
        }
    }
}
