// SPDX-License-Identifier: Apache-2.0

internal import AlulaBuilder
package import AlulaGraph
internal import AlulaPlan
internal import AlulaRuntime
internal import AlulaSystem
package import AlulaTensor

/// Runs a graph the way a user does: builder, serialised plan, engine, context, copies and enqueue on a stream.
package final class EngineRunner: Sendable {
    private let device: Device
    private let stream: ExecutionStream

    /// A runner with a device of its own, with one thread per usable core.
    package init() throws {
        device = try Device.cpu()
        stream = try device.makeStream(name: "conformance")
    }

    /// The runner shared by tests.
    package static let shared = Result { try EngineRunner() }

    /// Builds `graph` for the shapes of `inputs`, runs it once, and gives its outputs, all in the graph's order.
    ///
    /// - Throws: ``BuilderError``, ``PlanError``, ``ExecutionError``.
    package func run(_ graph: Graph, _ inputs: [Tensor]) throws -> [Tensor] {
        var configuration = BuilderConfiguration()
        configuration.timesTactics = false  // results count here, not times
        var ranges: [String: OptimizationProfile.Range] = [:]
        for (value, tensor) in zip(graph.inputs, inputs) {
            let dimensions = graph[value].dimensions ?? []
            guard dimensions.contains(where: { $0.extent == nil }) else { continue }
            ranges[graph[value].name] = .init(min: tensor.shape, opt: tensor.shape, max: tensor.shape)
        }
        if !ranges.isEmpty { configuration.profiles = [OptimizationProfile(ranges)] }
        let plan = try Builder(configuration).build(graph)
        return try run(Engine(plan.serializedBytes(), warn: { _ in }), inputs)
    }

    private func run(_ engine: Engine, _ inputs: [Tensor]) throws -> [Tensor] {
        let context = try engine.makeExecutionContext(on: device)
        let inputBindings = engine.bindings.filter { $0.mode == .input }
        guard inputBindings.count == inputs.count else {
            throw InterpreterError.inputCount(got: inputs.count, expected: inputBindings.count)
        }
        for (binding, tensor) in zip(inputBindings, inputs) {
            guard binding.dataType == tensor.dataType else {
                throw InterpreterError.inputType(name: binding.name, got: tensor.type, expected: "\(binding.dataType)")
            }
            try context.setInputShape(tensor.shape, for: binding.name)
        }
        // Memory lives in the array until the outputs have been copied.
        var memory: [DeviceMemory] = []
        for (binding, tensor) in zip(inputBindings, inputs) {
            let target = try device.allocate(byteCount: max(tensor.byteCount, 1))
            memory.append(target)
            if tensor.byteCount > 0 { try stream.copy(fromPageable: tensor.byteArray.span, to: target) }
            try context.setAddress(target, for: binding.name)
        }
        let outputs = engine.bindings.filter { $0.mode == .output }
        let allocators = outputs.map { _ in ResultAllocator(device) }
        for (binding, allocator) in zip(outputs, allocators) {
            if let shape = try context.shape(of: binding.name) {
                let byteCount = TensorType(binding.dataType, shape).byteCount
                let target = try device.allocate(byteCount: max(byteCount, 1))
                allocator.keep(target)
                try context.setAddress(target, for: binding.name)
            } else {
                try context.setOutputAllocator(allocator, for: binding.name)
            }
        }
        try context.enqueue(on: stream)
        try stream.synchronize()
        return try zip(outputs, allocators).map { try fetch($0, from: $1, context) }
    }

    private func fetch(
        _ binding: Binding,
        from allocator: ResultAllocator,
        _ context: ExecutionContext
    ) throws -> Tensor {
        guard let shape = try context.shape(of: binding.name) else {
            throw InterpreterError.noValue(name: binding.name)
        }
        let type = TensorType(binding.dataType, shape)
        guard type.byteCount > 0, let memory = allocator.memory else {
            return Tensor(zeros: type.dataType, shape: type.shape)
        }
        var bytes = [UInt8](repeating: 0, count: type.byteCount)
        try stream.copy(from: memory.slice(0..<type.byteCount), toPageable: &bytes)
        guard let tensor = Tensor(copying: bytes[...], dataType: type.dataType, shape: type.shape) else {
            throw InterpreterError.noValue(name: binding.name)
        }
        return tensor
    }
}

/// Gives an output as much device memory as it asks for.
private final class ResultAllocator: OutputAllocator {
    private let device: Device
    private let allocated = Locked<DeviceMemory?>(nil)

    init(_ device: Device) { self.device = device }

    var memory: DeviceMemory? { allocated.withLock { $0 } }

    func keep(_ memory: DeviceMemory) { allocated.withLock { $0 = memory } }

    func reallocateOutput(tensor: String, byteCount: Int) -> MemoryRange? {
        guard let memory = try? device.allocate(byteCount: max(byteCount, 1)) else { return nil }
        keep(memory)
        return try? memory.memoryRange()
    }

    func notifyShape(tensor: String, shape: Shape) {}
}
