// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// Refuses calls that could only deadlock: out of a host function, or in a forked copy of the process.
enum CallGuard {
    private static let hostFunctionDepth = ThreadLocalInteger()

    /// Runs a host function; calls into the API from within are refused.
    static func inHostFunction(_ function: () throws(ExecutionError) -> Void) throws(ExecutionError) {
        hostFunctionDepth.value += 1
        defer { hostFunctionDepth.value -= 1 }
        try function()
    }

    /// - Throws: ``ExecutionError/notPermitted(_:)`` in a host function, ``ExecutionError/failedInitialization(_:)`` in a
    ///   process that is not `process`.
    static func check(
        call: @autoclosure () -> String,
        location: @autoclosure () -> String,
        process: ProcessIdentity
    ) throws(ExecutionError) {
        // The process comes first: in a forked copy anything lazily made may be half made, and waiting for it has no end.
        guard process == ProcessIdentity.current else {
            throw .failedInitialization(
                .init(
                    "device was made before fork()",
                    in: location(),
                    got: "\(call()) in process \(ProcessIdentity.processNumber)",
                    expected: "the process that made the device"
                )
            )
        }
        try checkHostFunction(call: call(), location: location())
    }

    /// - Throws: ``ExecutionError/notPermitted(_:)`` in a host function.
    static func checkHostFunction(
        call: @autoclosure () -> String,
        location: @autoclosure () -> String
    ) throws(ExecutionError) {
        guard hostFunctionDepth.value == 0 else {
            throw .notPermitted(
                .init("call out of a host function", in: location(), got: call(), expected: "no call into the API")
            )
        }
    }
}
