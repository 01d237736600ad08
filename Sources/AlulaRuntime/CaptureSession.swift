// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// How far into each captured stream something has seen: for every stream (by identity) the number of its commands.
typealias CaptureClock = [ObjectIdentifier: Int]

/// A record that was captured instead of pushed.
struct CapturedRecord: Sendable {
    let session: CaptureSession
    /// What the recording stream had seen, itself included.
    let clock: CaptureClock
}

/// One capture in progress: commands of its root stream, and of the streams that joined it by waiting for a captured record.
///
/// Commands are kept in the order of their calls. A wait can only name a record that was made before, so this order respects
/// every dependency, and replay may run them one after the other.
final class CaptureSession: Sendable {
    private struct State {
        var nodes: [GraphNode] = []
        var clocks: [ObjectIdentifier: CaptureClock] = [:]
        var members: [StreamCore] = []
        var invalidation: ExecutionError?
        var isActive = true
    }

    private let root: ObjectIdentifier
    private let rootName: String
    private let state: Locked<State>

    init(root: StreamCore) {
        self.root = ObjectIdentifier(root)
        rootName = root.name
        state = Locked(State(clocks: [ObjectIdentifier(root): [:]], members: [root]))
    }

    /// Whether the capture has not ended.
    var isActive: Bool { state.withLock { $0.isActive } }

    /// Whether `core` began the capture.
    func isRoot(_ core: StreamCore) -> Bool { root == ObjectIdentifier(core) }

    /// Adds a command of `core`. The caller holds the stream's lock, so commands of one stream keep their order.
    func append(_ body: CommandBody, from site: CallSite, on core: StreamCore) throws(ExecutionError) {
        let clock = try state.withLock { state throws(ExecutionError) -> CaptureClock in
            if let invalidation = state.invalidation { throw invalidation }
            state.nodes.append(GraphNode(body: body, site: site))
            let stream = ObjectIdentifier(core)
            state.clocks[stream, default: [:]][stream, default: 0] += 1
            return state.clocks[stream, default: [:]]
        }
        switch body {
        case .record(let event), .execute(_, inputConsumed: .some(let event)):
            event.setCaptured(CapturedRecord(session: self, clock: clock))
        default:
            break
        }
    }

    /// Lets `core` see what a captured record had seen; it becomes part of the capture if it was not.
    func join(_ core: StreamCore, seeing clock: CaptureClock) {
        state.withLock { state in
            let stream = ObjectIdentifier(core)
            if !state.members.contains(where: { $0 === core }) { state.members.append(core) }
            state.clocks[stream, default: [:]].merge(clock) { max($0, $1) }
        }
    }

    /// Makes the capture fail at its end.
    func invalidate(_ error: ExecutionError) {
        state.withLock { state in
            if state.invalidation == nil { state.invalidation = error }
        }
    }

    /// Makes the capture fail because of a call that needs work to really run, and returns the error for that call.
    func invalidated(by call: String) -> ExecutionError {
        let error = ExecutionError.invalidState(
            .init(
                "call is not allowed while a stream captures",
                in: "capture on stream '\(rootName)'",
                got: call,
                expected: "only calls that enqueue work"
            )
        )
        invalidate(error)
        return error
    }

    /// Ends the capture: what was captured, and the streams to release from it.
    func end() -> (members: [StreamCore], nodes: Result<[GraphNode], ExecutionError>) {
        state.withLock { state in
            state.isActive = false
            if let invalidation = state.invalidation { return (state.members, .failure(invalidation)) }
            let seen = state.clocks[root, default: [:]]
            for member in state.members where ObjectIdentifier(member) != root {
                let stream = ObjectIdentifier(member)
                let count = state.clocks[stream]?[stream] ?? 0
                let seenCount = seen[stream] ?? 0
                if seenCount < count {
                    return (state.members, .failure(unjoined(member, count: count - seenCount)))
                }
            }
            return (state.members, .success(state.nodes))
        }
    }

    private func unjoined(_ member: StreamCore, count: Int) -> ExecutionError {
        .invalidState(
            .init(
                "forked stream was not joined",
                in: "capture on stream '\(rootName)'",
                got: "\(count) commands on stream '\(member.name)' that nothing waits for",
                expected: "an event recorded after them that '\(rootName)' waits for"
            )
        )
    }
}
