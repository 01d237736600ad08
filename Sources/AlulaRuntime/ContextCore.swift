// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor
internal import Synchronization

/// The part of an execution context that outlives it while work is in flight: who runs it, and the snapshots it reuses.
final class ContextCore: Sendable {
    private struct State {
        /// Snapshots that wait to be filled.
        var idle: [Inference] = []
        /// Inferences and replays pushed and not finished.
        var inFlightCount = 0
        /// The stream they are on; meaningless when there are none.
        var stream: ObjectIdentifier?
        var streamName = ""
        /// What ``ExecutionContext`` would run now, for replays to compare with.
        var current: BoundInstance?
        var lastRun: CompletedRun?
    }

    /// What is known of a run that has completed.
    struct CompletedRun: Sendable {
        var instance: EngineInstance
        /// Shapes of outputs sized by the run, by binding.
        var dynamicShapes: [Int: Shape]
    }

    let engine: Engine
    let device: Device
    let name: String
    /// Held while the context runs; contended only by replays of graphs that misuse the context.
    let running = Lock()
    private let state: Locked<State>
    private let isEnqueuing = Atomic(false)

    init(engine: Engine, device: Device, name: String) {
        self.engine = engine
        self.device = device
        self.name = name
        var state = State()
        state.idle.reserveCapacity(16)
        for _ in 0..<4 { state.idle.append(Inference(bindingCount: engine.plan.bindings.count)) }
        self.state = Locked(state)
    }

    var location: String { "context '\(name)' of engine '\(engine.name)'" }

    // MARK: - One caller at a time

    /// Claims the context for one enqueue; ``endEnqueue()`` gives it back.
    /// - Throws: ``ExecutionError/invalidState(_:)`` while another thread enqueues.
    func beginEnqueue() throws(ExecutionError) {
        // Pairs with the releasing store in `endEnqueue`.
        guard !isEnqueuing.exchange(true, ordering: .acquiring) else {
            throw .invalidState(
                .init(
                    "context is being enqueued by another caller",
                    in: location,
                    got: "a second concurrent call",
                    expected: "one caller at a time; use one context per thread"
                )
            )
        }
    }

    func endEnqueue() { isEnqueuing.store(false, ordering: .releasing) }

    // MARK: - Flights

    /// A snapshot to fill, counted as in flight on `stream` unless the stream captures.
    /// - Throws: ``ExecutionError/invalidState(_:)`` when the context is in flight on another stream.
    func begin(on stream: StreamCore, isCapture: Bool) throws(ExecutionError) -> Inference {
        let idle = try state.withLock { state throws(ExecutionError) -> Inference? in
            if !isCapture { try count(on: stream, &state) }
            return state.idle.popLast()
        }
        return idle ?? Inference(bindingCount: engine.plan.bindings.count)
    }

    private func count(on stream: StreamCore, _ state: inout State) throws(ExecutionError) {
        let identifier = ObjectIdentifier(stream)
        guard state.inFlightCount == 0 || state.stream == identifier else {
            throw .invalidState(
                .init(
                    "context is in flight on another stream",
                    in: location,
                    got: "enqueue on stream '\(stream.name)'",
                    expected: "stream '\(state.streamName)' until its work is done, or one context per stream"
                )
            )
        }
        state.inFlightCount += 1
        state.stream = identifier
        state.streamName = stream.name
    }

    /// Takes a snapshot back once its run is over, or was never pushed.
    func end(_ inference: Inference, isCapture: Bool) {
        state.withLock { state in
            if !isCapture { state.inFlightCount -= 1 }
            state.idle.append(inference)
        }
    }

    /// Counts a replay as in flight on `stream`; nil stands for a check without a launch, which goes with any stream.
    /// - Throws: as ``begin(on:isCapture:)``.
    func beginReplay(on stream: StreamCore?) throws(ExecutionError) {
        try state.withLock { state throws(ExecutionError) in
            if let stream { try count(on: stream, &state) } else { state.inFlightCount += 1 }
        }
    }

    /// The counterpart of ``beginReplay(on:)``.
    func endReplay() { state.withLock { $0.inFlightCount -= 1 } }

    // MARK: - What runs

    var current: BoundInstance? {
        get { state.withLock { $0.current } }
        set { state.withLock { $0.current = newValue } }
    }

    /// The latest run that completed; nil before the first.
    var lastRun: CompletedRun? { state.withLock { $0.lastRun } }

    func complete(_ run: CompletedRun) { state.withLock { $0.lastRun = run } }
}
