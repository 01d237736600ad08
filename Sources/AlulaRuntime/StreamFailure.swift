// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Synchronization

/// The sticky failure of one stream: set by the first command that fails, reported once, kept until cleared.
///
/// While it stands, commands are skipped. A call that waits for commands which were issued after the report, and so were
/// skipped too, is told so: work is never dropped without a word.
final class StreamFailure: Sendable {
    /// What kind of call asks.
    enum Call {
        /// Enqueues something that a failed stream skips.
        case push
        /// Enqueues something that a failed stream does nevertheless.
        case order
        /// Waits for what was enqueued.
        case wait
    }

    private struct State {
        var error: ExecutionError?
        var sequence: UInt64 = 0
        var isReported = false
        var pushedSinceReport = 0
    }

    private let state = Locked(State())
    /// Whether `state` holds an error: the one load a healthy stream pays.
    private let isSet = Atomic(false)
    /// Commands up to here were issued before the failure was cleared and are skipped.
    private let skippedThrough = Atomic<UInt64>(0)

    /// The failure, reported or not; nil when the stream is healthy.
    var current: ExecutionError? {
        isSet.load(ordering: .acquiring) ? state.withLock { $0.error } : nil
    }

    /// The failure if it happened at or before `sequence`. Does not count as reporting.
    func current(through sequence: UInt64) -> ExecutionError? {
        guard isSet.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.sequence <= sequence ? $0.error : nil }
    }

    /// Whether the command that ends at `sequence` must not run.
    func skips(_ sequence: UInt64) -> Bool {
        isSet.load(ordering: .acquiring) || sequence <= skippedThrough.load(ordering: .acquiring)
    }

    /// Keeps the first failure.
    func set(_ error: ExecutionError, sequence: UInt64) {
        state.withLock { state in
            guard state.error == nil else { return }
            state = State(error: error, sequence: sequence)
            isSet.store(true, ordering: .releasing)
        }
    }

    /// Throws the failure if no call has thrown it yet.
    func report(for call: Call) throws(ExecutionError) {
        guard isSet.load(ordering: .acquiring) else { return }
        try state.withLock { state throws(ExecutionError) in
            guard let error = state.error else { return }
            if !state.isReported {
                state.isReported = true
                throw error
            }
            switch call {
            case .order:
                break
            case .push:
                state.pushedSinceReport += 1
            case .wait where state.pushedSinceReport > 0:
                let count = state.pushedSinceReport
                state.pushedSinceReport = 0
                throw Self.skipped(count, since: error)
            case .wait:
                break
            }
        }
    }

    /// Makes the stream healthy again; what was issued up to `sequence` stays skipped.
    func clear(skippingThrough sequence: UInt64) -> ExecutionError? {
        state.withLock { state in
            guard let error = state.error else { return nil }
            state = State()
            skippedThrough.store(sequence, ordering: .releasing)
            isSet.store(false, ordering: .releasing)
            return error
        }
    }

    private static func skipped(_ count: Int, since error: ExecutionError) -> ExecutionError {
        .invalidState(
            .init(
                "commands were skipped after a failure that was already reported",
                in: "stream '\(error.details.origin?.stream ?? "")'",
                got: "\(count) commands since \(error.details.what)",
                expected: "clearError() before new commands",
                origin: error.details.origin
            )
        )
    }
}
