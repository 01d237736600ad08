// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// One stream with a context, buffers and events of its own: what runs one inference after another.
final class BenchLane {
    /// Host memory of one binding.
    private enum HostBuffer {
        case pinned(HostMemory)
        case pageable([UInt8])
    }

    let stream: ExecutionStream
    let call: ExecuteCall
    /// What making the context took: memory, compiled kernels, packed constants.
    let contextMilliseconds: Double
    private let context: ExecutionContext
    private let engine: Engine
    private let batch: Int
    private let device: [DeviceMemory]
    private var host: [HostBuffer]
    private let inputCount: Int
    private let types: [TensorType]
    private let begin = ExecutionEvent()
    private let computeBegin = ExecutionEvent()
    private let inputsConsumed = ExecutionEvent()
    private let computeEnd = ExecutionEvent()
    private let end = ExecutionEvent()

    /// A lane on a stream of its own.
    ///
    /// - Parameters:
    ///   - inputs: content by input name; must match the engine's bindings, batch included.
    ///   - kind: pinned or pageable host memory.
    init(
        engine: Engine,
        on target: Device,
        stream: ExecutionStream,
        call: ExecuteCall,
        inputs: [String: Tensor],
        batch: Int,
        hostMemory kind: HostMemoryKind
    ) throws {
        self.engine = engine
        self.stream = stream
        self.call = call
        self.batch = batch
        let start = MonotonicClock.nowNanoseconds()
        context = try engine.makeExecutionContext(on: target)
        inputCount = engine.bindings.prefix { $0.mode == .input }.count
        for binding in engine.bindings.prefix(inputCount) where binding.fixedShape == nil {
            if let shape = inputs[binding.name]?.shape { try context.setInputShape(shape, for: binding.name) }
        }
        types = try Self.bindingTypes(engine, context, batch: batch)
        contextMilliseconds = Double(MonotonicClock.nowNanoseconds() - start) / 1e6
        device = try types.map { try target.allocate(byteCount: max($0.byteCount, 1)) }
        host = []
        for (index, type) in types.enumerated() {
            let content = index < inputCount ? inputs[engine.bindings[index].name]?.byteArray : nil
            let bytes = content ?? [UInt8](repeating: 0, count: type.byteCount)
            switch kind {
            case .pageable: host.append(.pageable(bytes))
            case .pinned:
                let memory = try target.allocateHost(byteCount: max(bytes.count, 1))
                memory.withMutableElements(of: UInt8.self) { elements in
                    for index in bytes.indices { elements[index] = bytes[index] }
                }
                host.append(.pinned(memory))
            }
        }
        if call == .v3 {
            for (binding, memory) in zip(engine.bindings, device) {
                try context.setAddress(memory, for: binding.name)
            }
            context.setInputConsumedEvent(inputsConsumed)
        }
    }

    /// The types of all bindings as they lie in memory, batch included.
    ///
    /// Outputs whose size only a run tells get room for ``dynamicOutputElements``; a run that needs more fails by name.
    private static func bindingTypes(
        _ engine: Engine,
        _ context: ExecutionContext,
        batch: Int
    ) throws -> [TensorType] {
        try engine.bindings.map { binding in
            if engine.hasImplicitBatchDimension, let shape = binding.fixedShape {
                return TensorType(binding.dataType, Shape([batch] + shape.extents))
            }
            let shape = try context.shape(of: binding.name) ?? [dynamicOutputElements]
            return TensorType(binding.dataType, shape)
        }
    }

    private static let dynamicOutputElements = 1 << 20

    // MARK: - Running

    /// Enqueues copies, one inference and copies back.
    ///
    /// - Returns: host milliseconds of the execute call alone.
    func enqueue() throws -> Double {
        try stream.record(begin)
        try copyInputs()
        try stream.record(computeBegin)
        let start = MonotonicClock.nowNanoseconds()
        try execute()
        let enqueueMs = Double(MonotonicClock.nowNanoseconds() - start) / 1e6
        try stream.record(computeEnd)
        try copyOutputs()
        try stream.record(end)
        return enqueueMs
    }

    /// Copies all inputs to the device, on the stream.
    func copyInputs() throws {
        for index in 0..<inputCount {
            switch host[index] {
            case .pinned(let memory): try stream.copy(from: memory, to: device[index])
            case .pageable(let bytes): try stream.copy(fromPageable: bytes.span, to: device[index])
            }
        }
    }

    /// The execute call under test.
    func execute() throws {
        switch call {
        case .v1:
            try context.executeAsync(batchSize: batch, bindings: device, stream: stream, inputConsumed: inputsConsumed)
        case .v2: try context.executeAsyncV2(bindings: device, stream: stream, inputConsumed: inputsConsumed)
        case .v3: try context.executeAsyncV3(stream: stream)
        }
    }

    /// Copies all outputs to the host, on the stream; with pageable memory, waits for them.
    func copyOutputs() throws {
        for index in inputCount..<types.count {
            switch host[index] {
            case .pinned(let memory): try stream.copy(from: device[index], to: memory)
            case .pageable(var bytes):
                host[index] = .pageable([])
                defer { host[index] = .pageable(bytes) }
                try stream.copy(from: device[index], toPageable: &bytes)
            }
        }
    }

    /// Host milliseconds of `count` execute calls, one by one, while a host function holds the stream back.
    ///
    /// Nothing of what is enqueued runs: the host function fails in the end, and a failed stream skips what follows.
    func timeEnqueues(_ count: Int) throws -> [Double] {
        let gate = Gate()
        try stream.launchHostFunction { () throws(ExecutionError) in
            gate.waitUntilOpen()
            throw .failedExecution(
                .init(
                    "enqueue measurement is over",
                    in: "host function",
                    got: "commands to skip",
                    expected: "none to run"
                )
            )
        }
        defer { gate.open() }
        var times = [Double](repeating: 0, count: count)
        for index in times.indices {
            let start = MonotonicClock.nowNanoseconds()
            try execute()
            times[index] = Double(MonotonicClock.nowNanoseconds() - start) / 1e6
        }
        gate.open()
        _ = try? stream.synchronize()
        _ = stream.clearError()
        return times
    }

    /// Holds a host function until it is opened.
    private final class Gate: Sendable {
        private let word = FutexWord()

        func waitUntilOpen() { word.wait(while: 0, spinNanoseconds: 0) }
        func open() { word.publish(1) }
    }

    /// Waits for the last inference enqueued and returns its times; `origin` is the zero of ``InferenceTimes/startMs``.
    func finish(enqueueMs: Double, lane: Int, origin: ExecutionEvent) throws -> InferenceTimes {
        try end.synchronize()
        return InferenceTimes(
            lane: lane,
            startMs: try computeBegin.elapsedTime(from: origin),
            enqueueMs: enqueueMs,
            h2dMs: try computeBegin.elapsedTime(from: begin),
            computeMs: try computeEnd.elapsedTime(from: computeBegin),
            inputsConsumedMs: try inputsConsumed.elapsedTime(from: computeBegin),
            d2hMs: try end.elapsedTime(from: computeEnd)
        )
    }

    // MARK: - Results

    /// The outputs of the last completed inference by name.
    func outputs() throws -> [(name: String, tensor: Tensor)] {
        try (inputCount..<types.count).map { index in
            let name = engine.bindings[index].name
            // With implicit batch the batch belongs to the call, not to the context.
            let shape = engine.hasImplicitBatchDimension ? nil : try context.shape(of: name)
            let type = TensorType(types[index].dataType, shape ?? types[index].shape)
            let bytes: [UInt8]
            switch host[index] {
            case .pageable(let content): bytes = content
            case .pinned(let memory):
                bytes = memory.withElements(of: UInt8.self) { elements in elements.indices.map { elements[$0] } }
            }
            guard let tensor = Tensor(copying: bytes.prefix(type.byteCount), dataType: type.dataType, shape: type.shape)
            else {
                throw CommandError.badFile(path: name, got: "\(bytes.count) bytes", expected: "\(type)")
            }
            return (name, tensor)
        }
    }

    /// Makes the context report layer times.
    func setProfiler(_ profiler: (any Profiler)?) { context.profiler = profiler }
}
