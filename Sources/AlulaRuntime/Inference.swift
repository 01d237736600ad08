// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// One enqueued inference: a snapshot of what it runs with, reused from run to run.
///
/// While in flight it keeps the context's core, the instance and the memory of all bindings alive, so that contexts, engines
/// and buffers may be let go in any order.
final class Inference: ExecutableWork {
    /// What one run needs.
    struct Snapshot: Sendable {
        var core: ContextCore?
        var bound: BoundInstance?
        /// By binding; nil where an output allocator provides the memory.
        var memory: [MemoryRange?]
        var allocators: [(any OutputAllocator)?] = []
        var profiler: (any Profiler)?
        /// Whether a graph keeps the snapshot.
        var isCapture = false
        /// For replay: whether the shapes of the context must still be those of the snapshot.
        var followsContextShapes = false
    }

    private let snapshot: Locked<Snapshot>

    init(bindingCount: Int) {
        var memory: [MemoryRange?] = []
        memory.reserveCapacity(bindingCount)
        snapshot = Locked(Snapshot(memory: memory))
    }

    /// Fills the snapshot; `body` appends the memory of each binding in order.
    func fill(_ body: (inout Snapshot) throws(ExecutionError) -> Void) throws(ExecutionError) {
        try snapshot.withLock(body)
    }

    /// Gives the snapshot back without a run, after a push that failed.
    func abandon(_ core: ContextCore, isCapture: Bool) {
        snapshot.withLock { $0.clear() }
        core.end(self, isCapture: isCapture)
    }

    // MARK: - Running

    func run(on team: TeamLease, inputsConsumed: () -> Void) throws(ExecutionError) {
        let snapshot = snapshot.withLock { $0 }
        guard let core = snapshot.core, let bound = snapshot.bound else { return }
        core.running.lock()
        defer { core.running.unlock() }
        let completed = try bound.table.withLock { table throws(ExecutionError) in
            var run = InferenceRun(core: core, bound: bound, snapshot: snapshot, team: team)
            defer { run.forgetMemory(&table) }
            try run.placeBindings(&table)
            try run.runSteps(&table, inputsConsumed: inputsConsumed)
            return ContextCore.CompletedRun(instance: bound.instance, dynamicShapes: run.dynamicShapes)
        }
        core.complete(completed)
    }

    func finish() {
        let (core, isCapture) = snapshot.withLock { snapshot in
            defer { snapshot.clear() }
            return (snapshot.core, snapshot.isCapture)
        }
        core?.end(self, isCapture: isCapture)
    }

    // MARK: - Replay

    func validateForReplay(on stream: ExecutionStream?) throws(ExecutionError) {
        let snapshot = snapshot.withLock { $0 }
        guard let core = snapshot.core else { return }
        for (index, range) in snapshot.memory.enumerated() {
            guard let range, !range.allocation.isLive, range.allocation.capture == nil else { continue }
            throw .invalidState(
                .init(
                    "graph uses memory that was freed",
                    in: core.engine.bindingLabels[index],
                    got: "\(range.address), freed",
                    expected: "the \(range.byteCount) bytes it was captured with"
                )
            )
        }
        guard !snapshot.followsContextShapes || core.current === snapshot.bound else {
            throw .invalidState(
                .init(
                    "graph was captured with other shapes",
                    in: core.location,
                    got: core.current.map { "input shapes \($0.instance.inputShapes)" } ?? "no shapes",
                    expected: "input shapes \(snapshot.bound?.instance.inputShapes ?? [])"
                )
            )
        }
        try core.beginReplay(on: stream?.core)
    }

    func finishReplay() {
        snapshot.withLock { $0.core }?.endReplay()
    }
}

extension Inference.Snapshot {
    /// Lets go of everything; keeps the array's memory.
    fileprivate mutating func clear() {
        core = nil
        bound = nil
        memory.removeAll(keepingCapacity: true)
        allocators = []
        profiler = nil
        isCapture = false
        followsContextShapes = false
    }
}
