// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
internal import AlulaTensor

/// The three ways to enqueue, which differ in where batch and memory come from and end in one ``submit``.
///
/// All return at once; nothing is enqueued when one throws. The memory behind the bindings must stay unmodified until the
/// work is done, inputs until `inputConsumed` fires; it may be let go or freed at any time.
extension ExecutionContext {
    /// Enqueues one inference with a batch, memory by binding index.
    ///
    /// On an explicit-batch engine the batch must be 1 and has no effect; the context warns once.
    /// - Parameters:
    ///   - batchSize: 1 to ``Engine/maxBatchSize``.
    ///   - bindings: memory for every binding, in index order: at least the bytes of the batch's shape.
    ///   - inputConsumed: completes after the last step that reads an input, often long before the outputs are ready.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for a wrong batch, count, size or address;
    ///   ``ExecutionError/invalidState(_:)`` when shapes are not set, another caller is enqueueing the context, or it is in
    ///   flight on another stream; the stream's own failure.
    /// - Note: TensorRT: `enqueue`; Python `execute_async`.
    public func enqueue<Memory: BindingMemory>(
        batchSize: Int,
        bindings: [Memory],
        on stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.beginEnqueue()
        defer { core.endEnqueue() }
        guard (1...engine.maxBatchSize).contains(batchSize) else {
            throw .invalidArgument(
                .init(
                    "batch is out of range",
                    in: core.location,
                    got: "\(batchSize)",
                    expected: "1 to the engine's maximum of \(engine.maxBatchSize)"
                )
            )
        }
        if engine.hasImplicitBatchDimension {
            let call = EnqueueCall(batches[batchSize - 1], stream, inputConsumed, fileID, line)
            return try submit(call, bindings)
        }
        if !didWarnAboutBatch {
            didWarnAboutBatch = true
            engine.warn(
                "\(core.location) has an explicit batch: the batch size given has no effect; use enqueue without it"
            )
        }
        try submit(EnqueueCall(try readyInstance(), stream, inputConsumed, fileID, line, followsShapes: true), bindings)
    }

    /// Enqueues one inference with the shapes that are set, memory by binding index.
    ///
    /// - Parameters:
    ///   - bindings: memory for every binding, in index order: at least the bytes of its shape.
    ///   - inputConsumed: completes after the last step that reads an input.
    /// - Throws: as ``enqueue(batchSize:bindings:on:inputConsumed:fileID:line:)``;
    ///   ``ExecutionError/invalidArgument(_:)`` on an implicit-batch engine.
    /// - Note: TensorRT: `enqueueV2`; Python `execute_async_v2`.
    public func enqueue<Memory: BindingMemory>(
        bindings: [Memory],
        on stream: ExecutionStream,
        inputConsumed: ExecutionEvent? = nil,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.beginEnqueue()
        defer { core.endEnqueue() }
        guard !engine.hasImplicitBatchDimension else {
            throw .invalidArgument(
                .init(
                    "engine has an implicit batch",
                    in: core.location,
                    got: "an enqueue without batch size",
                    expected: "enqueue(batchSize:bindings:on:), in TensorRT's words execute_async"
                )
            )
        }
        try submit(EnqueueCall(try readyInstance(), stream, inputConsumed, fileID, line, followsShapes: true), bindings)
    }

    /// Enqueues one inference with the shapes and the memory that are kept on the context.
    ///
    /// On an implicit-batch engine the batch is the leading extent of the shapes set, 1 until then.
    /// - Throws: as ``enqueue(batchSize:bindings:on:inputConsumed:fileID:line:)``;
    ///   ``ExecutionError/invalidState(_:)`` naming a tensor without memory.
    /// - Note: TensorRT: `enqueueV3`; Python `execute_async_v3`.
    public func enqueue(
        on stream: ExecutionStream,
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) throws(ExecutionError) {
        try core.beginEnqueue()
        defer { core.endEnqueue() }
        let call = EnqueueCall(try readyInstance(), stream, storedInputConsumed, fileID, line, followsShapes: true)
        try submit(call) { index, byteCount throws(ExecutionError) in
            try storedMemory(of: index, byteCount: byteCount)
        }
    }

    // MARK: - The one enqueue

    private func submit<Memory: BindingMemory>(_ call: EnqueueCall, _ bindings: [Memory]) throws(ExecutionError) {
        let count = engine.bindingLabels.count
        guard bindings.count == count else {
            throw .invalidArgument(
                .init("wrong number of bindings", in: core.location, got: "\(bindings.count)", expected: "\(count)")
            )
        }
        try submit(call) { index, byteCount throws(ExecutionError) in
            try bindings[index].memoryRange(on: device, byteCount: byteCount, for: engine.bindingLabels[index])
        }
    }

    /// Checks and snapshots the memory of all bindings, then pushes one command.
    private func submit(
        _ call: EnqueueCall,
        _ memory: (_ index: Int, _ byteCount: Int?) throws(ExecutionError) -> MemoryRange?
    ) throws(ExecutionError) {
        guard call.stream.device === device else {
            throw .invalidArgument(
                .init(
                    "stream belongs to another device",
                    in: core.location,
                    got: "stream '\(call.stream.name)'",
                    expected: "a stream of the context's device"
                )
            )
        }
        let isCapture = call.stream.core.isCapturing
        let inference = try core.begin(on: call.stream.core, isCapture: isCapture)
        do throws(ExecutionError) {
            try inference.fill { snapshot throws(ExecutionError) in
                for index in engine.bindingLabels.indices {
                    snapshot.memory.append(try checkedMemory(index, call.bound, memory))
                }
                try checkOverlap(snapshot.memory, call.bound)
                snapshot.core = core
                snapshot.bound = call.bound
                snapshot.allocators = allocators
                snapshot.profiler = profiler
                snapshot.isCapture = isCapture
                snapshot.followsContextShapes = call.followsShapes
            }
            try call.stream.push(
                inference,
                inputConsumed: call.inputConsumed,
                fileID: call.fileID,
                line: call.line
            )
        } catch {
            inference.abandon(core, isCapture: isCapture)
            throw error
        }
    }

    private func checkedMemory(
        _ index: Int,
        _ bound: BoundInstance,
        _ memory: (_ index: Int, _ byteCount: Int?) throws(ExecutionError) -> MemoryRange?
    ) throws(ExecutionError) -> MemoryRange? {
        guard let range = try memory(index, bound.instance.bindingByteCounts[index]) else { return nil }
        let alignment = engine.bindingAlignments[index]
        guard range.address.rawValue % alignment == 0 else {
            throw .invalidArgument(
                .init(
                    "misaligned address",
                    in: engine.bindingLabels[index],
                    got: "\(range.address)",
                    expected: "a multiple of \(alignment) bytes"
                )
            )
        }
        return range
    }

    /// An output must not overlap any other binding: steps write it while others are still read.
    private func checkOverlap(_ memory: [MemoryRange?], _ bound: BoundInstance) throws(ExecutionError) {
        for output in engine.inputCount..<memory.count {
            guard let written = memory[output], bound.instance.bindingByteCounts[output] != nil else { continue }
            for other in 0..<output {
                guard let range = memory[other], range.allocation === written.allocation,
                    range.byteRange.overlaps(written.byteRange), bound.instance.bindingByteCounts[other] != nil
                else { continue }
                throw .invalidArgument(
                    .init(
                        "output overlaps \(engine.bindingLabels[other])",
                        in: engine.bindingLabels[output],
                        got: "\(written.address), \(written.byteCount) bytes",
                        expected: "memory of its own"
                    )
                )
            }
        }
    }

    private func readyInstance() throws(ExecutionError) -> BoundInstance {
        if let current = core.current { return current }
        let missing = try inferShapes()
        throw .invalidState(
            .init(
                "shapes are not set",
                in: core.location,
                got: "none for \(missing.map { "'\($0)'" }.joined(separator: ", "))",
                expected: "setInputShape for each input with dynamic extents"
            )
        )
    }
}

/// The arguments of one enqueue, whatever it was spelled.
private struct EnqueueCall {
    var bound: BoundInstance
    var stream: ExecutionStream
    var inputConsumed: ExecutionEvent?
    var fileID: StaticString
    var line: UInt
    var followsShapes: Bool

    init(
        _ bound: BoundInstance,
        _ stream: ExecutionStream,
        _ inputConsumed: ExecutionEvent?,
        _ fileID: StaticString,
        _ line: UInt,
        followsShapes: Bool = false
    ) {
        self.bound = bound
        self.stream = stream
        self.inputConsumed = inputConsumed
        self.fileID = fileID
        self.line = line
        self.followsShapes = followsShapes
    }
}
