// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

extension ExecutionStream {
    /// Whether the stream records its commands instead of running them.
    public var isCapturing: Bool { core.isCapturing }

    /// From here on the stream records its commands instead of running them, until ``endCapture()``.
    ///
    /// Streams that wait for an event recorded in the capture join it; they must be waited for before the end.
    /// - Throws: ``ExecutionError/unsupportedState(_:)`` on the default stream, ``ExecutionError/invalidState(_:)`` while
    ///   capturing.
    /// - Note: CUDA: `cudaStreamBeginCapture`.
    public func beginCapture() throws(ExecutionError) {
        try core.checkCallable("beginCapture")
        guard !isDefault else {
            throw .unsupportedState(
                .init("capture on the default stream", in: "beginCapture", got: "stream 0", expected: "another stream")
            )
        }
        try core.failure.report(for: .push)
        try core.beginCapture()
    }

    /// Ends the capture on the stream that began it.
    ///
    /// - Throws: ``ExecutionError/invalidState(_:)`` when the stream did not begin a capture, when a call invalidated it (the
    ///   error names the call), or when a forked stream was not joined. Except in the first case the capture is over.
    /// - Note: CUDA: `cudaStreamEndCapture`.
    public func endCapture() throws(ExecutionError) -> CapturedGraph {
        try core.checkCallable("endCapture")
        return try core.endCapture()
    }

    /// Replays `graph` on this stream; as ``ExecutionGraph/launch(on:fileID:line:)``.
    public func launch(
        _ graph: ExecutionGraph,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try graph.launch(on: self, fileID: fileID, line: line)
    }
}

extension StreamCore {
    /// The capture the stream is part of.
    var capture: CaptureSession? { state.withLock { $0.capture } }

    /// Whether the stream records its commands instead of running them.
    var isCapturing: Bool { capture != nil }

    /// Starts a capture with this stream as its root.
    func beginCapture() throws(ExecutionError) {
        try state.withLock { state throws(ExecutionError) in
            guard !state.isStopping else { throw destroyedError("beginCapture") }
            guard state.capture == nil else {
                throw .invalidState(
                    .init(
                        "stream captures already",
                        in: "stream '\(name)'",
                        got: "beginCapture",
                        expected: "endCapture"
                    )
                )
            }
            state.capture = CaptureSession(root: self)
        }
    }

    /// Ends the capture that this stream began.
    func endCapture() throws(ExecutionError) -> CapturedGraph {
        guard let session = capture, session.isRoot(self) else {
            throw .invalidState(
                .init(
                    "stream did not begin a capture",
                    in: "stream '\(name)'",
                    got: isCapturing ? "endCapture on a stream that joined" : "endCapture without beginCapture",
                    expected: "endCapture on the stream of beginCapture"
                )
            )
        }
        let (members, nodes) = session.end()
        for member in members { member.state.withLock { $0.capture = nil } }
        return CapturedGraph(nodes: try nodes.get(), capture: session)
    }

    /// Makes this stream see what a captured record had seen, joining the capture if needed.
    func joinCapture(_ record: CapturedRecord) throws(ExecutionError) {
        try failure.report(for: .push)
        guard kind != .legacyDefault else { throw record.session.invalidated(by: "wait on the default stream") }
        try state.withLock { state throws(ExecutionError) in
            guard !state.isStopping else { throw destroyedError("wait") }
            if let current = state.capture, current !== record.session {
                throw current.invalidated(by: "wait for an event of another capture")
            }
            record.session.join(self, seeing: record.clock)
            state.capture = record.session
        }
    }

    /// Refuses a call that cannot be captured, and invalidates the capture.
    func refuseCapture(of call: String) throws(ExecutionError) {
        if let capture { throw capture.invalidated(by: "\(call) on stream '\(name)'") }
    }

    /// Refuses a copy to pageable memory in a capture: it would have to be complete before the call returns.
    func refusePageableCapture() throws(ExecutionError) {
        guard let capture else { return }
        let error = ExecutionError.unsupportedState(
            .init(
                "copy to pageable memory cannot be captured",
                in: "capture on stream '\(name)'",
                got: "pageable host memory",
                expected: "pinned host memory"
            )
        )
        capture.invalidate(error)
        throw error
    }
}

extension CaptureSession {
    /// Refuses the free of memory that the capture did not allocate: the second replay would use freed memory.
    func refuseFree(of allocation: Allocation) throws(ExecutionError) {
        guard allocation.capture != ObjectIdentifier(self) else { return }
        let error = ExecutionError.unsupportedState(
            .init(
                "free of outside memory cannot be captured",
                in: "freeAsync of \(allocation.address)",
                got: "memory allocated before the capture",
                expected: "memory allocated in the same capture"
            )
        )
        invalidate(error)
        throw error
    }
}
