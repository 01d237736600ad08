// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan

/// Memory kept on the context by name, for enqueueing without bindings.
extension ExecutionContext {
    /// Keeps an address for a binding; it is looked up among the device's live allocations at every enqueue.
    ///
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown name.
    /// - Note: TensorRT: `setTensorAddress`.
    public func setAddress(_ address: DeviceAddress, for name: String) throws(ExecutionError) {
        storedMemory[try index(of: name)] = .address(address)
    }

    /// Keeps memory for a binding; its size is checked at every enqueue.
    ///
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown name or freed memory.
    /// - Note: TensorRT: `setTensorAddress`.
    public func setAddress(_ memory: some MemoryRangeConvertible, for name: String) throws(ExecutionError) {
        storedMemory[try index(of: name)] = .range(try memory.memoryRange())
    }

    /// The address kept for a binding; nil when there is none. TensorRT: `getTensorAddress`.
    ///
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown name.
    public func address(of name: String) throws(ExecutionError) -> DeviceAddress? {
        switch storedMemory[try index(of: name)] {
        case .none: nil
        case .address(let address): address
        case .range(let range): range.address
        }
    }

    /// Lets an allocator provide the memory of an output while the engine runs; nil takes memory from the call again.
    ///
    /// Used where no address is kept for the output, by ``enqueue(on:fileID:line:)``.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown name or an input.
    /// - Note: TensorRT: `setOutputAllocator`.
    public func setOutputAllocator(_ allocator: (any OutputAllocator)?, for name: String) throws(ExecutionError) {
        let index = try index(of: name)
        guard engine.plan.bindings[index].mode == .output else {
            throw .invalidArgument(
                .init("output allocator set on an input", in: core.location, got: "'\(name)'", expected: "an output")
            )
        }
        if allocators.isEmpty { allocators = Array(repeating: nil, count: storedMemory.count) }
        allocators[index] = allocator
    }

    /// Keeps an event that completes when later runs enqueued with ``enqueue(on:fileID:line:)`` have read their inputs; nil
    /// keeps none. TensorRT: `setInputConsumedEvent`.
    public func setInputConsumedEvent(_ event: ExecutionEvent?) { storedInputConsumed = event }

    /// The event kept by ``setInputConsumedEvent(_:)``. TensorRT: `getInputConsumedEvent`.
    public var inputConsumedEvent: ExecutionEvent? { storedInputConsumed }

    /// The checked memory kept for a binding; nil where an output allocator is asked when it runs.
    func storedMemory(of index: Int, byteCount: Int?) throws(ExecutionError) -> MemoryRange? {
        switch storedMemory[index] {
        case .address(let address):
            return try address.memoryRange(on: device, byteCount: byteCount, for: engine.bindingLabels[index])
        case .range(let range):
            return try range.memoryRange(on: device, byteCount: byteCount, for: engine.bindingLabels[index])
        case .none:
            if index < allocators.count, allocators[index] != nil { return nil }
            throw .invalidState(
                .init(
                    "address is not set",
                    in: engine.bindingLabels[index],
                    got: "none",
                    expected: "setAddress(_:for:) before the enqueue"
                )
            )
        }
    }
}
