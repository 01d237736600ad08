// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// How a thread waits for an event.
public enum EventWait: Sendable {
    /// Looks until it happens: soonest, at the cost of a core.
    case spinning
    /// Sleeps on a futex. CUDA: `cudaEventBlockingSync`.
    case blocking
}

/// Whether a query found the work done.
public enum CompletionStatus: Equatable, Sendable {
    /// Everything asked about has run or been skipped. CUDA: `cudaSuccess`.
    case ready
    /// Something is still to run. CUDA: `cudaErrorNotReady`.
    case notReady
}

/// A marker in a stream: recorded, waited for, timed.
///
/// Recording captures the stream's position at the call; recording again overwrites it; a wait uses the position of the latest
/// record at the time of the wait call. An event that was never recorded is ready and holds nobody up.
/// - Note: CUDA: `cudaEvent_t`.
public final class ExecutionEvent: Sendable {
    private struct State {
        var position: StreamPosition?
        var stampNanoseconds: UInt64?
        var captured: CapturedRecord?
    }

    /// Whether ``elapsedTime(from:)`` works; without timing a record is a little cheaper. CUDA: not `cudaEventDisableTiming`.
    public let isTimed: Bool
    /// How ``synchronize()`` waits.
    public let wait: EventWait
    private let state = Locked(State())

    /// Makes an event that was never recorded.
    public init(isTimed: Bool = true, wait: EventWait = .spinning) {
        self.isTimed = isTimed
        self.wait = wait
    }

    /// Whether the latest recorded work is done; ready when never recorded.
    /// - Throws: The failure of the recorded work, ``ExecutionError/invalidState(_:)`` while the record is being captured,
    ///   ``ExecutionError/notPermitted(_:)`` in a host function.
    public func query() throws(ExecutionError) -> CompletionStatus {
        guard let position = try positionForHost("query") else { return .ready }
        guard position.isReached else { return .notReady }
        try reportFailure(at: position)
        return .ready
    }

    /// Blocks until the latest recorded work is done, spinning or sleeping as ``wait`` says.
    /// - Throws: As ``query()``.
    public func synchronize() throws(ExecutionError) {
        guard let position = try positionForHost("synchronize") else { return }
        let spinNanoseconds: UInt64 = wait == .spinning ? 1 << 62 : 0
        position.core.waitUntilComplete(position.sequence, spinNanoseconds: spinNanoseconds)
        try reportFailure(at: position)
    }

    /// Suspends the task until the latest recorded work is done; blocks no thread.
    /// - Throws: As ``query()``.
    public func synchronize() async throws(ExecutionError) {
        guard let position = try positionForHost("synchronize") else { return }
        await position.core.suspendUntilComplete(position.sequence)
        try reportFailure(at: position)
    }

    /// Calls `body` once the latest recorded work has run or been skipped, failed or not: at once on the calling thread when it
    /// has, else on the stream's thread. For event loops that are woken through a file descriptor.
    ///
    /// `body` must not wait and must not call into the API.
    /// - Throws: As ``query()``, but nothing of the recorded work's failure.
    package func whenComplete(_ body: @escaping @Sendable () -> Void) throws(ExecutionError) {
        guard let position = try positionForHost("whenComplete") else { return body() }
        position.core.whenComplete(position.sequence, resume: body)
    }

    /// Milliseconds from the moment `start` was reached to the moment this event was, with the clock's nanosecond steps.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when either was made without timing,
    ///   ``ExecutionError/invalidState(_:)`` when either was never recorded, ``ExecutionError/notReady(_:)`` when either
    ///   is unfinished.
    public func elapsedTime(from start: ExecutionEvent) throws(ExecutionError) -> Double {
        let begin = try start.finishedStamp(role: "start event")
        let end = try finishedStamp(role: "end event")
        return Double(Int64(bitPattern: end &- begin)) / 1_000_000
    }

    private func finishedStamp(role: String) throws(ExecutionError) -> UInt64 {
        guard isTimed else {
            throw .invalidArgument(
                .init("event has no timing", in: role, got: "isTimed: false", expected: "an event made with timing")
            )
        }
        guard let position = try positionForHost("elapsedTime") else {
            throw .invalidState(
                .init("event was never recorded", in: role, got: "no record", expected: "a record on a stream")
            )
        }
        guard position.isReached, let stamp = state.withLock({ $0.stampNanoseconds }) else {
            throw .notReady(
                .init("event is unfinished", in: role, got: "work in flight", expected: "a synchronised event")
            )
        }
        return stamp
    }

    private func positionForHost(_ call: String) throws(ExecutionError) -> StreamPosition? {
        let (position, captured) = state.withLock { ($0.position, $0.captured) }
        if let position {
            try CallGuard.check(call: call, location: "event", process: position.core.process)
        } else {
            try CallGuard.checkHostFunction(call: call, location: "event")
        }
        if let captured, captured.session.isActive { throw captured.session.invalidated(by: "event \(call)") }
        return position
    }

    /// Tells of a failure that the recorded work ran into; the stream itself still reports it, too.
    private func reportFailure(at position: StreamPosition) throws(ExecutionError) {
        if let error = position.core.failure.current(through: position.sequence) { throw error }
    }

    // MARK: Called by streams

    /// What a wait issued now waits for.
    var target: (position: StreamPosition?, captured: CapturedRecord?) {
        state.withLock { state in
            if let captured = state.captured, captured.session.isActive { return (nil, captured) }
            return (state.position, nil)
        }
    }

    /// A record or launch was pushed: this is the event's position now.
    func setPosition(_ position: StreamPosition) {
        state.withLock { $0 = State(position: position) }
    }

    /// A record was captured; the position of the last real record stays until the graph is launched.
    func setCaptured(_ record: CapturedRecord) {
        state.withLock { $0.captured = record }
    }

    /// The stream has got to `position`; ignored when the event was recorded again since.
    func stamp(_ nanoseconds: UInt64, at position: StreamPosition) {
        guard isTimed else { return }
        state.withLock { state in
            if let current = state.position, current.core === position.core, current.sequence == position.sequence {
                state.stampNanoseconds = nanoseconds
            }
        }
    }
}
