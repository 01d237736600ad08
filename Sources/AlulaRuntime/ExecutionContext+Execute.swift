// SPDX-License-Identifier: Apache-2.0

/// Enqueue and wait, without blocking a thread.
extension ExecutionContext {
    /// Runs one inference with a batch and suspends until its outputs are ready.
    ///
    /// - Throws: as ``enqueue(batchSize:bindings:on:inputConsumed:fileID:line:)``; what failed while it ran.
    public func execute<Memory: BindingMemory>(
        batchSize: Int,
        bindings: [Memory],
        on stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) async throws(ExecutionError) {
        try refuseCapture(on: stream)
        try enqueue(
            batchSize: batchSize,
            bindings: bindings,
            on: stream,
            inputConsumed: inputConsumed,
            fileID: fileID,
            line: line
        )
        try await stream.synchronize()
    }

    /// Runs one inference and suspends until its outputs are ready.
    ///
    /// - Throws: as ``enqueue(bindings:on:inputConsumed:fileID:line:)``; what failed while it ran.
    public func execute<Memory: BindingMemory>(
        bindings: [Memory],
        on stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) async throws(ExecutionError) {
        try refuseCapture(on: stream)
        try enqueue(bindings: bindings, on: stream, inputConsumed: inputConsumed, fileID: fileID, line: line)
        try await stream.synchronize()
    }

    /// Runs one inference with the memory kept on the context and suspends until its outputs are ready.
    ///
    /// - Throws: as ``enqueue(on:fileID:line:)``; what failed while it ran.
    public func execute(
        on stream: ExecutionStream,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) async throws(ExecutionError) {
        try refuseCapture(on: stream)
        try enqueue(on: stream, fileID: fileID, line: line)
        try await stream.synchronize()
    }

    private func refuseCapture(on stream: ExecutionStream) throws(ExecutionError) {
        try stream.core.refuseCapture(of: "execute")
    }
}
