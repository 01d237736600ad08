// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// Memory of a device: 256-byte aligned, zero when new, backed by huge pages when big.
///
/// Dropping the last reference or calling ``free()`` ends its use by new commands at once; its bytes go when the commands
/// that hold them have run. ``ExecutionStream/freeAsync(_:fileID:line:)`` frees in stream order.
/// - Note: CUDA: `cudaMalloc`, but freeing does not synchronise.
public final class DeviceMemory: MemoryRangeConvertible, Sendable {
    /// The first byte; stays the same number after freeing.
    public let address: DeviceAddress
    /// The bytes asked for.
    public let byteCount: Int
    private let handle: AllocationHandle

    init(_ allocation: Allocation, in table: AllocationTable) {
        address = allocation.address
        byteCount = allocation.byteCount
        handle = AllocationHandle(allocation, in: table)
    }

    /// Whether the memory has been freed.
    public var isFreed: Bool { handle.isFreed }

    /// Ends the use of the memory by new commands. Commands already enqueued keep its bytes until they have run.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when it was freed before.
    public func free() throws(ExecutionError) {
        _ = try handle.take("device memory", at: address)
    }

    /// Ends the use by new commands and hands over the allocation, for freeing in stream order.
    func takeForFree() throws(ExecutionError) -> Allocation {
        try handle.take("device memory", at: address)
    }

    /// All of the memory.
    public func memoryRange() throws(ExecutionError) -> MemoryRange {
        try handle.range(of: "device memory", at: address)
    }

    /// The bytes `byteRange` of the memory.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when they are not inside or the memory was freed.
    public func slice(_ byteRange: Range<Int>) throws(ExecutionError) -> MemoryRange {
        try memoryRange().slice(byteRange)
    }
}

/// Pinned host memory: asynchronous copies read and write it when they run, so the caller keeps it unchanged until then.
///
/// - Note: CUDA: `cudaHostAlloc`.
public final class HostMemory: MemoryRangeConvertible, Sendable {
    /// The first byte; stays the same number after freeing.
    public let address: DeviceAddress
    /// The bytes asked for.
    public let byteCount: Int
    private let handle: AllocationHandle
    private let region: MemoryRegion

    /// - Parameter isRegistered: whether the table knows the allocation already.
    init(_ allocation: Allocation, in table: AllocationTable, isRegistered: Bool = false) {
        address = allocation.address
        byteCount = allocation.byteCount
        region = allocation.region
        handle = AllocationHandle(allocation, in: table, isRegistered: isRegistered)
    }

    /// Ends the use of the memory by new commands. Commands already enqueued keep its bytes until they have run.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when it was freed before.
    public func free() throws(ExecutionError) {
        _ = try handle.take("host memory", at: address)
    }

    /// All of the memory.
    public func memoryRange() throws(ExecutionError) -> MemoryRange {
        try handle.range(of: "host memory", at: address)
    }

    /// The bytes `byteRange` of the memory.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when they are not inside or the memory was freed.
    public func slice(_ byteRange: Range<Int>) throws(ExecutionError) -> MemoryRange {
        try memoryRange().slice(byteRange)
    }

    /// Runs `body` on the memory as elements of `type`; a rest shorter than an element is left out.
    ///
    /// The caller has synchronised with every command that writes the memory.
    public func withElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type,
        _ body: (Span<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try region.withElements(of: type, body)
    }

    /// Runs `body` on the memory as writable elements of `type`; a rest shorter than an element is left out.
    ///
    /// The caller has synchronised with every command that reads or writes the memory.
    public func withMutableElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type,
        _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try region.withMutableElements(of: type, body)
    }
}

/// The user's end of an allocation: registers it while it lives, and lets go of it exactly once.
private final class AllocationHandle: Sendable {
    private let allocation: Locked<Allocation?>
    private let table: AllocationTable

    init(_ allocation: Allocation, in table: AllocationTable, isRegistered: Bool = false) {
        self.allocation = Locked(allocation)
        self.table = table
        if !isRegistered { table.insert(allocation) }
    }

    deinit {
        if let allocation = allocation.withLock({ $0 }) { release(allocation) }
    }

    var isFreed: Bool {
        allocation.withLock { $0?.isLive != true }
    }

    func range(of kind: StaticString, at address: DeviceAddress) throws(ExecutionError) -> MemoryRange {
        guard let allocation = allocation.withLock({ $0 }), allocation.isLive else {
            throw Self.freed("\(kind) at \(address)")
        }
        return MemoryRange(allocation: allocation, byteRange: 0..<allocation.byteCount)
    }

    func take(_ kind: StaticString, at address: DeviceAddress) throws(ExecutionError) -> Allocation {
        let taken = allocation.withLock { allocation in
            defer { allocation = nil }
            return allocation
        }
        guard let taken, release(taken) else { throw Self.freed("free of \(kind) at \(address)") }
        return taken
    }

    @discardableResult
    private func release(_ allocation: Allocation) -> Bool {
        table.remove(allocation)
        return allocation.markFreed()
    }

    private static func freed(_ location: String) -> ExecutionError {
        .invalidArgument(.init("memory was freed", in: location, got: "freed memory", expected: "a live allocation"))
    }
}
