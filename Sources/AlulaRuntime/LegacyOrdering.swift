// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Synchronization

/// The streams of one device as far as they order against each other: the default stream and the blocking ones.
final class LegacyOrdering: Sendable {
    private struct State {
        var streams: [StreamCore] = []
        var legacy: StreamCore?
    }

    private let state = Locked(State())
    private let hasLegacy = Atomic(false)

    /// Adds a stream; it stays until its thread has ended.
    func add(_ core: StreamCore) {
        state.withLock { state in
            if core.kind == .legacyDefault {
                state.legacy = core
                hasLegacy.store(true, ordering: .releasing)
            }
            state.streams.append(core)
        }
    }

    /// Removes a stream whose work is done.
    func remove(_ core: StreamCore) {
        state.withLock { state in
            state.streams.removeAll { $0 === core }
            if state.legacy === core { state.legacy = nil }
        }
    }

    /// All streams with work or a user.
    var streams: [StreamCore] { state.withLock { $0.streams } }

    /// Where the default stream stands, if it has got further than `sequence` and is not done.
    func position(after sequence: UInt64) -> StreamPosition? {
        guard hasLegacy.load(ordering: .acquiring), let core = state.withLock({ $0.legacy }) else { return nil }
        let last = core.lastPushedSequence.load(ordering: .acquiring)
        guard last > sequence, !core.isComplete(last) else { return nil }
        return StreamPosition(core: core, sequence: last)
    }

    /// Where every blocking stream with unfinished work stands.
    func pendingBlockingPositions() -> [StreamPosition] {
        state.withLock { state in
            state.streams.compactMap { core in
                guard core.kind == .blocking else { return nil }
                let last = core.lastPushedSequence.load(ordering: .acquiring)
                return core.isComplete(last) ? nil : StreamPosition(core: core, sequence: last)
            }
        }
    }

    /// Refuses default-stream work while a blocking stream captures, and invalidates that capture, as CUDA does: the order
    /// against the capturing stream could not be kept.
    func refuseIfCapturing(_ call: String) throws(ExecutionError) {
        for core in streams where core.kind == .blocking {
            guard let capture = core.state.withLock({ $0.capture }) else { continue }
            let error = ExecutionError.invalidState(
                .init(
                    "default stream used while a blocking stream captures",
                    in: "stream '\(core.name)'",
                    got: "\(call) on the default stream",
                    expected: "a non-default stream, or the end of the capture"
                )
            )
            capture.invalidate(error)
            throw error
        }
    }
}
