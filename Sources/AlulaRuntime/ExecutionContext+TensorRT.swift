// SPDX-License-Identifier: Apache-2.0

/// TensorRT's names for running an engine, each a thin spelling of one `enqueue`.
extension ExecutionContext {
    /// Enqueues one inference of an implicit-batch engine.
    ///
    /// - Throws: as ``enqueue(batchSize:bindings:on:inputConsumed:fileID:line:)``.
    /// - Note: TensorRT: `IExecutionContext::enqueue`; Python
    ///   `execute_async(batch_size, bindings, stream_handle, input_consumed)`.
    public func executeAsync<Memory: BindingMemory>(
        batchSize: Int = 1,
        bindings: [Memory],
        stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try enqueue(
            batchSize: batchSize,
            bindings: bindings,
            on: stream,
            inputConsumed: inputConsumed,
            fileID: fileID,
            line: line
        )
    }

    /// Enqueues one inference of an explicit-batch engine.
    ///
    /// - Throws: as ``enqueue(bindings:on:inputConsumed:fileID:line:)``.
    /// - Note: TensorRT: `IExecutionContext::enqueueV2`; Python `execute_async_v2(bindings, stream_handle, input_consumed)`.
    public func executeAsyncV2<Memory: BindingMemory>(
        bindings: [Memory],
        stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try enqueue(bindings: bindings, on: stream, inputConsumed: inputConsumed, fileID: fileID, line: line)
    }

    /// Enqueues one inference with the addresses set by name.
    ///
    /// - Throws: as ``enqueue(on:fileID:line:)``.
    /// - Note: TensorRT: `IExecutionContext::enqueueV3`; Python `execute_async_v3(stream_handle)`.
    public func executeAsyncV3(
        stream: ExecutionStream,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try enqueue(on: stream, fileID: fileID, line: line)
    }

    /// Runs one inference of an implicit-batch engine on a stream of the context's own and blocks until it is done.
    ///
    /// - Throws: as ``enqueue(batchSize:bindings:on:inputConsumed:fileID:line:)``; what failed while it ran.
    /// - Note: TensorRT: `IExecutionContext::execute`; Python `execute(batch_size, bindings)`.
    public func execute<Memory: BindingMemory>(
        batchSize: Int = 1,
        bindings: [Memory],
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let stream = try synchronousStream()
        try enqueue(batchSize: batchSize, bindings: bindings, on: stream, fileID: fileID, line: line)
        try finish(stream)
    }

    /// Runs one inference of an explicit-batch engine on a stream of the context's own and blocks until it is done.
    ///
    /// - Throws: as ``enqueue(bindings:on:inputConsumed:fileID:line:)``; what failed while it ran.
    /// - Note: TensorRT: `IExecutionContext::executeV2`; Python `execute_v2(bindings)`.
    public func executeV2<Memory: BindingMemory>(
        bindings: [Memory],
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let stream = try synchronousStream()
        try enqueue(bindings: bindings, on: stream, fileID: fileID, line: line)
        try finish(stream)
    }

    /// The stream of the synchronous calls, made at the first. Ordered against the default stream, as TensorRT's is.
    private func synchronousStream() throws(ExecutionError) -> ExecutionStream {
        if let ownStream { return ownStream }
        let stream = try device.makeStream(name: "\(name)-synchronous")
        ownStream = stream
        return stream
    }

    /// Waits, and reports a failure without leaving it on a stream nobody can clear.
    private func finish(_ stream: ExecutionStream) throws(ExecutionError) {
        do {
            try stream.synchronize()
        } catch {
            stream.clearError()
            throw error
        }
    }
}
