// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Synchronization

/// The engine of a stream: its queue, its sequence numbers, its failure. Outlives the user's ``ExecutionStream`` until all
/// issued work has run, and as long as events point into it.
///
/// Every command gets its sequence numbers when it is pushed; ``completedSequence`` follows when it has run. All waiting, by
/// host threads, tasks and other streams, is waiting for a sequence number of some stream. Every wait points to a number
/// that was given out before the waiting command's own, so streams cannot wait for each other in a circle.
final class StreamCore: Sendable {
    /// How a stream relates to the default stream.
    enum Kind: Sendable {
        /// The default stream itself.
        case legacyDefault
        /// Ordered against the default stream, both ways.
        case blocking
        /// Exempt from that order.
        case nonBlocking
    }

    struct State {
        var queue = CommandQueue(capacity: 256)
        var lastSequence: UInt64 = 0
        /// The default stream's sequence number this stream already waits for.
        var legacySequenceSeen: UInt64 = 0
        var isStopping = false
        var capture: CaptureSession?
        var timeline = CommandTimeline()
        var waiters: [(sequence: UInt64, resume: @Sendable () -> Void)] = []
    }

    /// The number C and Python know the stream by; 0 is the default stream.
    let handle: Int
    /// For errors, traces and the thread's name.
    let name: String
    let kind: Kind
    /// Whether tests run the commands instead of an own thread.
    let isHandCranked: Bool
    let lease: TeamLease
    let legacy: LegacyOrdering
    /// The process whose threads serve the stream.
    let process = ProcessIdentity.current

    let state = Locked(State())
    let failure = StreamFailure()
    /// The last sequence number given out; pairs with the acquiring load of whoever decides to wait for it.
    let lastPushedSequence = Atomic<UInt64>(0)
    private let completedSequence = Atomic<UInt64>(0)
    /// Advances with every completion.
    private let progress = FutexWord()
    /// Advances with every push.
    private let mail = FutexWord()
    private let waiterCount = Atomic<Int>(0)

    /// How long an idle stream thread looks for the next command before it sleeps.
    static let idleSpinNanoseconds: UInt64 = 100_000
    /// How long a waiting thread looks before it sleeps.
    static let waitSpinNanoseconds: UInt64 = 50_000

    init(handle: Int, name: String, kind: Kind, isHandCranked: Bool, lease: TeamLease, legacy: LegacyOrdering) {
        self.handle = handle
        self.name = name
        self.kind = kind
        self.isHandCranked = isHandCranked
        self.lease = lease
        self.legacy = legacy
    }

    /// Starts the thread that runs the commands; it keeps the core alive until ``stop()`` and all work is done.
    func start() throws(ExecutionError) {
        do {
            _ = try Thread(name: "alula-\(name)") { self.serve() }
        } catch {
            throw ExecutionError(error, in: "stream '\(name)'")
        }
    }

    /// Lets the stream end once everything issued has run; returns at once.
    func stop() {
        state.withLock { $0.isStopping = true }
        if isHandCranked {
            while runNext() {}
            abandonRest()
            legacy.remove(self)
        } else {
            mail.advance()
        }
    }

    /// Skips what is left on a hand-cranked stream: it waits for others, and nobody would crank it any more.
    private func abandonRest() {
        guard state.withLock({ $0.queue.count > 0 }) else { return }
        failure.set(destroyedError("commands still waiting"), sequence: 0)
        var next = state.withLock { $0.queue.popFirst() }
        while let body = next?.body {
            if case .wait = body {} else { run(&next) }
            next = state.withLock { $0.queue.popFirst() }
        }
        publish(lastPushed)
    }

    // MARK: Pushing

    /// Puts a command into the stream, or into the graph the stream captures, and returns at once.
    /// - Returns: The sequence number of its end; 0 when it was captured.
    @discardableResult
    func push(_ body: CommandBody, from site: CallSite) throws(ExecutionError) -> UInt64 {
        try checkCallable(body.name)
        try failure.report(for: body.isOrderOnly ? .order : .push)
        if kind == .legacyDefault { try legacy.refuseIfCapturing(body.name) }
        let enqueueNanoseconds = MonotonicClock.nowNanoseconds()
        let sequence = try state.withLock { state throws(ExecutionError) -> UInt64 in
            guard !state.isStopping else { throw destroyedError(body.name) }
            if let capture = state.capture {
                try capture.append(body, from: site, on: self)
                return 0
            }
            appendLegacyWaits(to: &state, site: site, enqueueNanoseconds: enqueueNanoseconds)
            return append(body, to: &state, site: site, enqueueNanoseconds: enqueueNanoseconds)
        }
        if sequence > 0 { mail.advance() }
        return sequence
    }

    private func append(
        _ body: CommandBody,
        to state: inout State,
        site: CallSite,
        enqueueNanoseconds: UInt64
    ) -> UInt64 {
        let first = state.lastSequence + 1
        let last = state.lastSequence + UInt64(body.eventCount) + 1
        state.lastSequence = last
        body.positionEvents(on: self, first: first)
        state.queue.append(
            Command(
                body: body,
                site: site,
                firstSequence: first,
                lastSequence: last,
                enqueueNanoseconds: enqueueNanoseconds
            )
        )
        lastPushedSequence.store(last, ordering: .releasing)
        return last
    }

    /// Orders the next command against the default stream: both ways for blocking streams, not at all for others.
    private func appendLegacyWaits(to state: inout State, site: CallSite, enqueueNanoseconds: UInt64) {
        switch kind {
        case .nonBlocking:
            return
        case .blocking:
            guard let position = legacy.position(after: state.legacySequenceSeen) else { return }
            state.legacySequenceSeen = position.sequence
            _ = append(.wait(position), to: &state, site: site, enqueueNanoseconds: enqueueNanoseconds)
        case .legacyDefault:
            for position in legacy.pendingBlockingPositions() {
                _ = append(.wait(position), to: &state, site: site, enqueueNanoseconds: enqueueNanoseconds)
            }
        }
    }

    /// Refuses calls out of host functions and in forked processes.
    func checkCallable(_ call: String) throws(ExecutionError) {
        try CallGuard.check(call: call, location: "stream '\(name)'", process: process)
    }

    /// Whether the stream was destroyed.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// The error of calls on a destroyed stream.
    func destroyedError(_ call: String) -> ExecutionError {
        .invalidState(.init("stream was destroyed", in: "stream '\(name)'", got: call, expected: "a live stream"))
    }

    // MARK: Completion

    /// Whether everything up to `sequence` has run or been skipped.
    func isComplete(_ sequence: UInt64) -> Bool {
        completedSequence.load(ordering: .sequentiallyConsistent) >= sequence
    }

    /// The last sequence number given out so far.
    var lastPushed: UInt64 { lastPushedSequence.load(ordering: .acquiring) }

    /// Where the blocking streams stand, when this is the default stream: waiting for it waits for them as well.
    var legacyPositions: [StreamPosition] { kind == .legacyDefault ? legacy.pendingBlockingPositions() : [] }

    /// Whether everything issued so far has run or been skipped.
    var isIdle: Bool { isComplete(lastPushed) && legacyPositions.isEmpty }

    /// Blocks until everything up to `sequence` has run or been skipped.
    func waitUntilComplete(_ sequence: UInt64, spinNanoseconds: UInt64 = waitSpinNanoseconds) {
        while true {
            let seen = progress.value
            if isComplete(sequence) { return }
            progress.wait(while: seen, spinNanoseconds: spinNanoseconds)
        }
    }

    /// Suspends the task until everything up to `sequence` has run or been skipped; blocks no thread.
    func suspendUntilComplete(_ sequence: UInt64) async {
        if isComplete(sequence) { return }
        await withCheckedContinuation { continuation in whenComplete(sequence) { continuation.resume() } }
    }

    /// Calls `resume` once everything up to `sequence` has run or been skipped: at once on the calling thread when it has,
    /// else on the stream's thread, which `resume` must not hold up.
    func whenComplete(_ sequence: UInt64, resume: @escaping @Sendable () -> Void) {
        let isDone = state.withLock { state in
            // Pairs with the load in `publish`: it sees this count, or this thread sees its sequence number.
            waiterCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
            if isComplete(sequence) {
                waiterCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
                return true
            }
            state.waiters.append((sequence, resume))
            return false
        }
        if isDone { resume() }
    }

    /// Makes everything up to `sequence` count as done and wakes whoever waits for it. Only the running thread calls it.
    func publish(_ sequence: UInt64) {
        completedSequence.store(sequence, ordering: .sequentiallyConsistent)
        progress.advance()
        if waiterCount.load(ordering: .sequentiallyConsistent) > 0 { resumeWaiters(through: sequence) }
    }

    private func resumeWaiters(through sequence: UInt64) {
        let ready = state.withLock { state in
            let ready = state.waiters.filter { $0.sequence <= sequence }
            state.waiters.removeAll { $0.sequence <= sequence }
            return ready
        }
        waiterCount.wrappingSubtract(ready.count, ordering: .sequentiallyConsistent)
        for waiter in ready { waiter.resume() }
    }

    // MARK: Running

    private func serve() {
        var spinNanoseconds: UInt64 = 0
        while true {
            let seen = mail.value
            if runNext() {
                spinNanoseconds = Self.idleSpinNanoseconds
                continue
            }
            if state.withLock({ $0.isStopping && $0.queue.count == 0 }) { break }
            mail.wait(while: seen, spinNanoseconds: spinNanoseconds)
        }
        legacy.remove(self)
    }

    /// Runs the next command on the calling thread.
    /// - Returns: False when there is none, or (hand-cranked) when it waits for something that has not happened.
    func runNext() -> Bool {
        var command = state.withLock { state -> Command? in
            if isHandCranked, case .wait(let position) = state.queue.first?.body, !position.isReached { return nil }
            return state.queue.popFirst()
        }
        guard command != nil else { return false }
        run(&command)
        return true
    }
}
