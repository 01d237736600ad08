// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem

extension ExecutionStream {
    // MARK: Events

    /// Records `event`: it completes when everything enqueued so far has run. Recording again overwrites.
    /// - Throws: The stream's failure, once; ``ExecutionError/invalidState(_:)``, ``ExecutionError/notPermitted(_:)``.
    /// - Note: CUDA: `cudaEventRecord`.
    public func record(
        _ event: ExecutionEvent,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.push(.record(event), from: CallSite(fileID: fileID, line: line))
    }

    /// Holds later commands of this stream until the work `event` was last recorded after, as of this call, has run.
    ///
    /// An event that was never recorded holds up nothing. Waiting for an event of a capturing stream makes this stream part
    /// of the capture.
    /// - Throws: As ``record(_:fileID:line:)``.
    /// - Note: CUDA: `cudaStreamWaitEvent`.
    public func wait(
        for event: ExecutionEvent,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.checkCallable("wait")
        let target = event.target
        if let captured = target.captured { return try core.joinCapture(captured) }
        guard let position = target.position else { return }
        try core.refuseCapture(of: "wait for an event recorded outside the capture")
        try core.push(.wait(position), from: CallSite(fileID: fileID, line: line))
    }

    // MARK: Copies

    /// Copies between device memory, pinned host memory, or both, when the stream gets there.
    ///
    /// Pinned host memory is read or written at that time: keep it unchanged until then. Ranges may overlap.
    /// - Parameter byteCount: nil copies all of `source`.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for short or freed memory; as ``record(_:fileID:line:)``.
    /// - Note: CUDA: `cudaMemcpyAsync`.
    public func copy(
        from source: some MemoryRangeConvertible,
        to destination: some MemoryRangeConvertible,
        byteCount: Int? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let source = try source.memoryRange()
        let destination = try destination.memoryRange()
        let byteCount = byteCount ?? source.byteCount
        let body = CommandBody.copy(
            from: try operand(source, byteCount: byteCount, role: "copy source"),
            to: try operand(destination, byteCount: byteCount, role: "copy destination")
        )
        try core.push(body, from: CallSite(fileID: fileID, line: line))
    }

    /// Copies pageable host memory to the device. The source is read before the call returns and may be reused at once.
    ///
    /// In a capture the values of now become part of the graph.
    /// - Throws: As ``copy(from:to:byteCount:fileID:line:)``.
    public func copy<Element: BitwiseCopyable>(
        fromPageable source: Span<Element>,
        to destination: some MemoryRangeConvertible,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let byteCount = source.count * MemoryLayout<Element>.stride
        let destination = try operand(try destination.memoryRange(), byteCount: byteCount, role: "copy destination")
        try core.checkCallable("copy")
        let staging = try takeStaging(byteCount: byteCount)
        staging.region.copyElements(from: source)
        try pushStaged(staging, byteCount: byteCount, to: destination, from: CallSite(fileID: fileID, line: line))
    }

    /// As ``copy(fromPageable:to:fileID:line:)-(Span<Element>,_,_,_)``, for memory known by address (C, Python).
    ///
    /// In a capture the region itself becomes part of the graph, which keeps its owner, and is read at every replay.
    /// - Parameter isBorrowed: whether the region is read when the copy runs, instead of a snapshot of it: the caller keeps it
    ///   valid and unchanged until then.
    package func copy(
        fromPageable source: MemoryRegion,
        to destination: some MemoryRangeConvertible,
        isBorrowed: Bool = false,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let site = CallSite(fileID: fileID, line: line)
        let range = try destination.memoryRange()
        let destination = try operand(range, byteCount: source.byteCount, role: "copy destination")
        if isBorrowed || core.isCapturing {
            try core.push(.copy(from: MemoryOperand(unregistered: source), to: destination), from: site)
            return
        }
        try core.checkCallable("copy")
        let staging = try takeStaging(byteCount: source.byteCount)
        staging.region.copyBytes(from: source)
        try pushStaged(staging, byteCount: source.byteCount, to: destination, from: site)
    }

    /// Copies device memory to pageable host memory. Returns when the copy is complete: a hidden synchronisation, as CUDA
    /// documents it; pinned memory has none.
    ///
    /// - Throws: As ``copy(from:to:byteCount:fileID:line:)``; ``ExecutionError/unsupportedState(_:)`` in a capture.
    public func copy<Element: BitwiseCopyable>(
        from source: some MemoryRangeConvertible,
        toPageable destination: inout MutableSpan<Element>,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let source = try source.memoryRange()
        try MemoryRegion.withTemporaryRegion(of: &destination) { region throws(ExecutionError) in
            try copy(from: source, toPageable: region, fileID: fileID, line: line)
        }
    }

    /// As ``copy(from:toPageable:fileID:line:)-(_,MutableSpan<Element>,_,_)``, into an array of the right length.
    public func copy<Element: BitwiseCopyable>(
        from source: some MemoryRangeConvertible,
        toPageable destination: inout [Element],
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        var elements = destination.mutableSpan
        try copy(from: source, toPageable: &elements, fileID: fileID, line: line)
    }

    /// As ``copy(from:toPageable:fileID:line:)-(_,MutableSpan<Element>,_,_)``, for memory known by address (C, Python).
    /// - Parameter isBorrowed: whether to return at once: the caller keeps the region valid until the copy has run.
    package func copy(
        from source: MemoryRange,
        toPageable destination: MemoryRegion,
        isBorrowed: Bool = false,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        guard destination.byteCount >= source.byteCount else {
            throw .tooShort(
                "copy destination",
                neededByteCount: source.byteCount,
                givenByteCount: destination.byteCount
            )
        }
        if !isBorrowed { try core.refusePageableCapture() }
        let body = CommandBody.copy(
            from: try operand(source, byteCount: source.byteCount, role: "copy source"),
            to: MemoryOperand(unregistered: destination)
        )
        let sequence = try core.push(body, from: CallSite(fileID: fileID, line: line))
        if isBorrowed { return }
        core.waitUntilComplete(sequence)
        try core.failure.report(for: .wait)
        if let error = core.failure.current(through: sequence) { throw error }
    }

    /// Sets every byte to `value` when the stream gets there.
    /// - Throws: As ``copy(from:to:byteCount:fileID:line:)``.
    /// - Note: CUDA: `cudaMemsetAsync`.
    public func fill(
        _ destination: some MemoryRangeConvertible,
        with value: UInt8,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        let range = try destination.memoryRange()
        let operand = try operand(range, byteCount: range.byteCount, role: "fill destination")
        try core.push(.fill(operand, value: value), from: CallSite(fileID: fileID, line: line))
    }

    // MARK: Host functions

    /// Calls `function` on the stream's thread when the stream gets there; later commands wait for it.
    ///
    /// `function` must not call into the API, which throws ``ExecutionError/notPermitted(_:)`` there. What it throws becomes
    /// the stream's failure.
    /// - Throws: As ``record(_:fileID:line:)``.
    /// - Note: CUDA: `cudaLaunchHostFunc`.
    public func launchHostFunction(
        fileID: StaticString = #fileID,
        line: UInt = #line,
        _ function: @escaping @Sendable () throws(ExecutionError) -> Void
    ) throws(ExecutionError) {
        try core.push(.hostFunction(function), from: CallSite(fileID: fileID, line: line))
    }

    // MARK: Stream-ordered memory

    /// Allocates device memory for commands of this stream from here on, and of others that an event orders after them.
    ///
    /// Memory that this stream has freed before is reused at once; its content is arbitrary. In a capture the memory belongs
    /// to the graph and has the same address in every replay.
    /// - Throws: ``ExecutionError/failedAllocation(_:)``; as ``record(_:fileID:line:)``.
    /// - Note: CUDA: `cudaMallocAsync`.
    public func allocateAsync(byteCount: Int) throws(ExecutionError) -> DeviceMemory {
        try core.checkCallable("allocateAsync")
        try core.failure.report(for: .push)
        guard !core.isStopping else { throw core.destroyedError("allocateAsync") }
        try device.checkBudget(byteCount: byteCount, location: "allocateAsync on stream '\(name)'")
        let capture = core.capture
        do throws(SystemError) {
            let storage =
                capture == nil
                ? try device.pool.take(byteCount: byteCount, for: .stream(core))
                : try AlignedAllocation(byteCount: byteCount)
            let identifier = capture.map { ObjectIdentifier($0) }
            return device.adopt(
                Allocation(kind: .device, storage: storage, byteCount: byteCount, capture: identifier)
            )
        } catch {
            throw ExecutionError(error, in: "allocateAsync on stream '\(name)'")
        }
    }

    /// Frees device memory once everything enqueued on this stream so far has run. New commands may not use it any more.
    ///
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when it was freed before;
    ///   ``ExecutionError/unsupportedState(_:)`` for memory from outside in a capture; as ``record(_:fileID:line:)``.
    /// - Note: CUDA: `cudaFreeAsync`.
    public func freeAsync(
        _ memory: DeviceMemory,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        if let capture = core.capture {
            try capture.refuseFree(of: try memory.memoryRange().allocation)
            _ = try memory.takeForFree()
            return
        }
        try core.checkCallable("free")
        guard !memory.isFreed else { return try memory.free() }
        let sequence = try core.push(.free, from: CallSite(fileID: fileID, line: line))
        let allocation = try memory.takeForFree()
        guard allocation.capture == nil else { return }
        device.pool.put(allocation.storage, unusedFrom: StreamPosition(core: core, sequence: sequence))
    }

    // MARK: Work

    /// Enqueues one inference; the single push behind every execute call.
    ///
    /// - Parameter inputConsumed: completes after the last step that reads an input.
    /// - Throws: As ``record(_:fileID:line:)``; nothing is enqueued then, and ``ExecutableWork/finish()`` is not called.
    package func push(
        _ work: any ExecutableWork,
        inputConsumed: ExecutionEvent?,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.push(.execute(work, inputConsumed: inputConsumed), from: CallSite(fileID: fileID, line: line))
    }

    // MARK: Helpers

    /// The first `byteCount` bytes of `range`, checked; `role` names them in errors.
    private func operand(
        _ range: MemoryRange,
        byteCount: Int,
        role: StaticString
    ) throws(ExecutionError) -> MemoryOperand {
        try range.checkLive(in: "\(role) on stream '\(name)'")
        guard byteCount >= 0, byteCount <= range.byteCount else {
            throw .tooShort(
                "\(role) on stream '\(name)'",
                neededByteCount: byteCount,
                givenByteCount: range.byteCount
            )
        }
        return MemoryOperand(try range.slice(0..<byteCount))
    }

    private func takeStaging(byteCount: Int) throws(ExecutionError) -> AlignedAllocation {
        do throws(SystemError) {
            return try device.pool.take(byteCount: byteCount, for: .host)
        } catch {
            throw ExecutionError(error, in: "staging of a pageable copy on stream '\(name)'")
        }
    }

    /// Enqueues the copy out of a snapshot, whose memory is reused when the copy has run, or kept by the graph.
    private func pushStaged(
        _ staging: AlignedAllocation,
        byteCount: Int,
        to destination: MemoryOperand,
        from site: CallSite
    ) throws(ExecutionError) {
        let source = MemoryOperand(unregistered: staging.region.slice(0..<byteCount))
        let sequence = try core.push(.copy(from: source, to: destination), from: site)
        guard sequence > 0 else { return }
        device.pool.put(staging, unusedFrom: StreamPosition(core: core, sequence: sequence))
    }
}
