// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// A first-in first-out queue of commands with its own thread.
///
/// Commands of one stream run in the order of the calls; commands of different streams may overlap unless events order
/// them. Calls return at once. Letting go of a stream, or ``destroy()``, returns at once too: what was issued still runs.
///
/// A command that fails makes the stream sticky: the next call throws the failure once, with its origin, and commands are
/// skipped until ``clearError()``. Other streams and the device live on.
/// - Note: CUDA: `cudaStream_t`.
public final class ExecutionStream: Sendable {
    /// The device the stream belongs to.
    public let device: Device
    let core: StreamCore
    private let ownsCore: Bool

    init(core: StreamCore, device: Device, ownsCore: Bool) {
        self.core = core
        self.device = device
        self.ownsCore = ownsCore
    }

    deinit {
        if ownsCore { core.stop() }
    }

    /// A stream without a thread: nothing runs until ``runNext()``. For deterministic tests.
    ///
    /// Calls that wait for the stream return only when another thread cranks it.
    public static func handCranked(
        on device: Device,
        name: String? = nil,
        priority: Int = 0,
        isNonBlocking: Bool = false
    ) -> ExecutionStream {
        let kind: StreamCore.Kind = isNonBlocking ? .nonBlocking : .blocking
        let core = device.makeCore(name: name, priority: priority, kind: kind, isHandCranked: true)
        device.legacy.add(core)
        return ExecutionStream(core: core, device: device, ownsCore: true)
    }

    /// Runs the next command of a hand-cranked stream on the calling thread; one thread cranks at a time.
    /// - Returns: False when the stream is empty, or its next command waits for something that has not happened.
    @discardableResult
    public func runNext() -> Bool {
        precondition(core.isHandCranked, "stream '\(core.name)' runs by itself")
        return core.runNext()
    }

    /// The number C and Python know the stream by; 0 is the default stream.
    public var handle: Int { core.handle }
    /// The name given at creation.
    public var name: String { core.name }
    /// Lower goes first where streams compete for a team.
    public var priority: Int { core.lease.priority }
    /// Whether this is the default stream.
    public var isDefault: Bool { core.kind == .legacyDefault }
    /// Whether the stream is exempt from the order against the default stream.
    public var isNonBlocking: Bool { core.kind == .nonBlocking }

    // MARK: Waiting

    /// Whether everything enqueued so far has run; on the default stream, on the blocking streams as well.
    /// - Throws: The stream's failure, once; ``ExecutionError/invalidState(_:)`` while capturing;
    ///   ``ExecutionError/notPermitted(_:)`` in a host function.
    public func query() throws(ExecutionError) -> CompletionStatus {
        try checkWaitable("query")
        try core.failure.report(for: .wait)
        guard core.isIdle else { return .notReady }
        try core.failure.report(for: .wait)
        return .ready
    }

    /// Blocks until everything enqueued so far has run.
    /// - Throws: As ``query()``.
    public func synchronize() throws(ExecutionError) {
        try checkWaitable("synchronize")
        for position in core.legacyPositions { position.core.waitUntilComplete(position.sequence) }
        core.waitUntilComplete(core.lastPushed)
        try core.failure.report(for: .wait)
    }

    /// Suspends the task until everything enqueued so far has run; blocks no thread.
    /// - Throws: As ``query()``.
    public func synchronize() async throws(ExecutionError) {
        try checkWaitable("synchronize")
        for position in core.legacyPositions { await position.core.suspendUntilComplete(position.sequence) }
        await core.suspendUntilComplete(core.lastPushed)
        try core.failure.report(for: .wait)
    }

    private func checkWaitable(_ call: String) throws(ExecutionError) {
        try core.checkCallable(call)
        try core.refuseCapture(of: call)
        guard !core.isStopping else { throw core.destroyedError(call) }
    }

    // MARK: Failure and end

    /// The failure the stream is stuck with, reported or not; nil when it is healthy.
    public var failure: ExecutionError? { core.failure.current }

    /// Makes a failed stream usable again. Commands issued before this call stay skipped.
    /// - Returns: The failure that was cleared.
    @discardableResult
    public func clearError() -> ExecutionError? {
        core.failure.clear(skippingThrough: core.lastPushed)
    }

    /// Ends the stream: returns at once, work already issued completes, later calls throw
    /// ``ExecutionError/invalidState(_:)``. The default stream stays.
    public func destroy() {
        if !isDefault { core.stop() }
    }

    /// When the stream's last commands were enqueued and ran, oldest first: at most the last 1024, with sequence numbers
    /// above `sequence`.
    public func timestamps(after sequence: UInt64 = 0) -> [CommandTimestamps] {
        core.state.withLock { $0.timeline.timestamps(after: sequence) }
    }

    /// The sequence number of the last command enqueued so far, for ``timestamps(after:)``.
    public var lastSequence: UInt64 { core.lastPushed }
}
