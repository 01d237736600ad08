// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import CAlula

/// Runs the body of a C function: what it throws becomes the status, and the text of `alula_last_error()`.
func attempt<Failure: Error>(_ body: () throws(Failure) -> Void) -> Int32 {
    do throws(Failure) {
        try body()
        return 0
    } catch {
        return fail(error)
    }
}

/// As ``attempt(_:)``, for functions that say "not ready" without an error.
func attemptQuery(_ query: () throws(ExecutionError) -> CompletionStatus) -> Int32 {
    do throws(ExecutionError) {
        return try query() == .ready ? 0 : ErrorCode.notReady.rawValue
    } catch {
        return fail(error)
    }
}

private func fail(_ error: any Error) -> Int32 {
    let status = status(of: error)
    let text = "\(error)"
    unsafe text.withCString { unsafe alula_set_last_error(status, $0) }
    return status
}

/// `ALULA_CANCELLED`, beyond TensorRT's numbers.
private let cancelled: Int32 = 13

private func status(of error: any Error) -> Int32 {
    switch error {
    case let error as ExecutionError: error.code.rawValue
    case let error as ImportError: code(of: error).rawValue
    case BuilderError.cancelled: cancelled
    case is BuilderError: ErrorCode.invalidConfig.rawValue
    case let error as PlanError: code(of: error).rawValue
    default: ErrorCode.unspecified.rawValue
    }
}

private func code(of error: ImportError) -> ErrorCode {
    switch error {
    case .unknownOperators, .opset, .unsupported, .unsupportedValue: .unsupportedState
    default: .invalidArgument
    }
}

private func code(of error: PlanError) -> ErrorCode {
    switch error {
    case .newerVersion, .foreign, .unknownOperator: .unsupportedState
    case .operatorRefused, .shapeMismatch: .invalidConfig
    default: .invalidArgument
    }
}

extension ExecutionError {
    /// A null pointer where a value is needed.
    static func missing(_ name: StaticString) -> ExecutionError {
        .invalidArgument(.init("missing argument", in: "\(name)", got: "a null pointer", expected: "a value"))
    }
}
