// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Synchronization

/// One captured command.
struct GraphNode: Sendable {
    let body: CommandBody
    let site: CallSite
}

/// The commands one capture recorded, ready to be instantiated. Nothing has run yet.
///
/// It keeps alive everything its commands use. - Note: CUDA: `cudaGraph_t`.
public final class CapturedGraph: Sendable {
    let nodes: [GraphNode]
    /// Which capture recorded it: that one's allocations belong to the graph.
    let capture: ObjectIdentifier
    /// Kept so that ``capture`` stays unique.
    private let session: CaptureSession

    init(nodes: [GraphNode], capture: CaptureSession) {
        self.nodes = nodes
        self.capture = ObjectIdentifier(capture)
        self.session = capture
    }

    deinit {
        for case .execute(let work, _) in nodes.lazy.map(\.body) { work.finish() }
    }

    /// The number of captured commands.
    public var commandCount: Int { nodes.count }

    /// Makes the graph ready for replay.
    /// - Throws: ``ExecutionError/invalidState(_:)`` when something it uses has been freed or reshaped.
    /// - Note: CUDA: `cudaGraphInstantiate`.
    public func instantiate() throws(ExecutionError) -> ExecutionGraph {
        let graph = ExecutionGraph(self)
        try graph.validate(on: nil)
        graph.finishReplayOfWork(through: nodes.count)
        return graph
    }
}

/// A captured graph that replays with one push.
///
/// - Note: CUDA: `cudaGraphExec_t`. Events recorded inside are visible outside: a launch records them anew.
public final class ExecutionGraph: Sendable {
    private let source: CapturedGraph
    /// The commands in an order that respects their dependencies.
    let nodes: [GraphNode]
    /// How many events one replay marks.
    let eventCount: Int
    private let lastLaunch = Locked<StreamPosition?>(nil)

    init(_ source: CapturedGraph) {
        self.source = source
        nodes = source.nodes
        eventCount = source.nodes.reduce(0) { $0 + $1.body.eventCount }
    }

    /// Replays the graph on `stream`; returns at once. Replays of one graph never overlap, also on different streams.
    /// - Throws: ``ExecutionError/invalidState(_:)`` when something it uses has been freed or reshaped; nothing is enqueued.
    /// - Note: CUDA: `cudaGraphLaunch`.
    public func launch(
        on stream: ExecutionStream,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let site = CallSite(fileID: fileID, line: line)
        try stream.core.refuseCapture(of: "graph launch")
        try validate(on: stream)
        do {
            try lastLaunch.withLock { last throws(ExecutionError) in
                if let position = last, position.core !== stream.core, !position.isReached {
                    try stream.core.push(.wait(position), from: site)
                }
                let sequence = try stream.core.push(.launch(self), from: site)
                last = StreamPosition(core: stream.core, sequence: sequence)
            }
        } catch {
            finishReplayOfWork(through: nodes.count)
            throw error
        }
    }

    /// Checks that all memory is live and all work would still run as captured.
    func validate(on stream: ExecutionStream?) throws(ExecutionError) {
        for (index, node) in nodes.enumerated() {
            do throws(ExecutionError) {
                try validate(node, on: stream)
            } catch {
                finishReplayOfWork(through: index)
                throw error
            }
        }
    }

    private func validate(_ node: GraphNode, on stream: ExecutionStream?) throws(ExecutionError) {
        switch node.body {
        case .copy(let source, let destination):
            try checkLive(source, role: "copy source", site: node.site)
            try checkLive(destination, role: "copy destination", site: node.site)
        case .fill(let destination, _):
            try checkLive(destination, role: "fill destination", site: node.site)
        case .execute(let work, _):
            try work.validateForReplay(on: stream)
        case .hostFunction, .record, .wait, .launch, .free:
            break
        }
    }

    private func checkLive(_ operand: MemoryOperand, role: String, site: CallSite) throws(ExecutionError) {
        guard let allocation = operand.allocation, !allocation.isLive, allocation.capture != source.capture else {
            return
        }
        throw .invalidState(
            .init(
                "graph uses memory that was freed",
                in: "\(role) captured at \(site.text)",
                got: "\(allocation.address), freed",
                expected: "the \(allocation.byteCount)-byte allocation it was captured with"
            )
        )
    }

    /// Takes back the successful ``ExecutableWork/validateForReplay(on:)`` of the first `count` nodes.
    func finishReplayOfWork(through count: Int) {
        for case .execute(let work, _) in nodes[..<count].lazy.map(\.body) { work.finishReplay() }
    }
}
