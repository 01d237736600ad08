// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

/// The allocations that C made, by address: C holds numbers, so somebody else must hold the memory.
enum OwnedMemory {
    private enum Owner: Sendable {
        case device(DeviceMemory)
        case host(HostMemory)
    }

    private struct Entry: Sendable {
        var device: Device
        var owner: Owner
    }

    private static let entries = Locked<[UInt: Entry]>([:])
    private static let released = Locked<[UInt64]>([])

    static func keep(_ memory: DeviceMemory, on device: Device) -> DeviceAddress {
        entries.withLock { $0[memory.address.rawValue] = Entry(device: device, owner: .device(memory)) }
        return memory.address
    }

    static func keep(_ memory: HostMemory, on device: Device) -> DeviceAddress {
        entries.withLock { $0[memory.address.rawValue] = Entry(device: device, owner: .host(memory)) }
        return memory.address
    }

    /// Frees the allocation that starts at `address`.
    static func free(_ address: UInt, on device: Device) throws(ExecutionError) {
        switch try take(address, on: device) {
        case .device(let memory): try memory.free()
        case .host(let memory): try memory.free()
        }
    }

    /// Frees the device allocation that starts at `address` in stream order.
    static func free(_ address: UInt, on stream: ExecutionStream) throws(ExecutionError) {
        guard case .device(let memory) = try take(address, on: stream.device) else {
            throw unknown(address, "stream-ordered free")
        }
        do throws(ExecutionError) {
            try stream.freeAsync(memory)
        } catch {
            // Nothing was enqueued: the memory stays the caller's.
            if !memory.isFreed { _ = keep(memory, on: stream.device) }
            throw error
        }
    }

    /// The device allocation that starts at `address`, which stays C's.
    static func deviceMemory(_ address: UInt, on device: Device) throws(ExecutionError) -> DeviceMemory {
        let entry = entries.withLock { $0[address] }
        guard let entry, entry.device === device, case .device(let memory) = entry.owner else {
            throw .invalidArgument(
                .init(
                    "not device memory",
                    in: "workspace",
                    got: "\(DeviceAddress(address))",
                    expected: "the first address of device memory from alula_allocate"
                )
            )
        }
        return memory
    }

    private static func take(_ address: UInt, on device: Device) throws(ExecutionError) -> Owner {
        try entries.withLock { entries throws(ExecutionError) in
            guard let entry = entries[address], entry.device === device else { throw unknown(address, "free") }
            entries[address] = nil
            return entry.owner
        }
    }

    private static func unknown(_ address: UInt, _ call: String) -> ExecutionError {
        .invalidArgument(
            .init(
                "nothing to free",
                in: call,
                got: "\(DeviceAddress(address)), freed before or never allocated",
                expected: "the first address of a live allocation of this device"
            )
        )
    }

    // MARK: - Registered memory

    static func release(_ token: UInt64) { released.withLock { $0.append(token) } }

    static func takeReleased(_ capacity: Int) -> [UInt64] {
        released.withLock { tokens in
            let taken = Array(tokens.prefix(capacity))
            tokens.removeFirst(taken.count)
            return taken
        }
    }
}

@c @implementation
public func alula_allocate(
    _ device: alula_device,
    _ kind: alula_memory_kind,
    _ byteCount: Int,
    _ address: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(address, "address")
        let device = try DeviceObject.object(device).device
        let made: DeviceAddress
        switch kind {
        case Int32(ALULA_MEMORY_DEVICE):
            made = OwnedMemory.keep(try device.allocate(byteCount: byteCount), on: device)
        case Int32(ALULA_MEMORY_PINNED):
            made = OwnedMemory.keep(try device.allocateHost(byteCount: byteCount), on: device)
        default:
            throw .invalidArgument(
                .init(
                    "impossible memory kind",
                    in: "alula_allocate",
                    got: "\(kind)",
                    expected: "ALULA_MEMORY_DEVICE or ALULA_MEMORY_PINNED"
                )
            )
        }
        unsafe try store(UnsafeMutableRawPointer(bitPattern: made.rawValue), address, "address")
    }
}

@c @implementation
public func alula_free(_ device: alula_device, _ address: UnsafeMutableRawPointer?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try OwnedMemory.free(UInt(bitPattern: address), on: try DeviceObject.object(device).device)
    }
}

@c @implementation
public func alula_register_host(
    _ device: alula_device,
    _ start: UnsafeMutableRawPointer?,
    _ byteCount: Int,
    _ token: UInt64
) -> alula_status {
    attempt { () throws(ExecutionError) in
        guard let start = unsafe start else { throw .missing("start") }
        let device = try DeviceObject.object(device).device
        // Until the device has taken the memory, letting go of it must not hand out the token.
        let isTaken = Locked(false)
        let lent = unsafe AlignedAllocation(borrowing: start, byteCount: byteCount) {
            if token != 0, isTaken.withLock({ $0 }) { OwnedMemory.release(token) }
        }
        let memory = try device.registerHost(lent)
        isTaken.withLock { $0 = true }
        _ = OwnedMemory.keep(memory, on: device)
    }
}

@c @implementation
public func alula_released_tokens(
    _ tokens: UnsafeMutablePointer<UInt64>?,
    _ capacity: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(count, "count")
        guard let tokens = unsafe tokens else { throw .missing("tokens") }
        let taken = OwnedMemory.takeReleased(max(0, capacity))
        for (index, token) in taken.enumerated() { unsafe tokens[index] = token }
        try store(taken.count, count, "count")
    }
}

@c @implementation
public func alula_memory_query(
    _ device: alula_device,
    _ address: UnsafeRawPointer?,
    _ kind: UnsafeMutablePointer<alula_memory_kind>?,
    _ start: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ byteCount: UnsafeMutablePointer<Int>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let device = try DeviceObject.object(device).device
        let address = DeviceAddress(UInt(bitPattern: address))
        let range = try? device.memoryRange(at: address, byteCount: 0, for: "query")
        let number =
            switch range?.kind {
            case nil: ALULA_MEMORY_PAGEABLE
            case .device?: ALULA_MEMORY_DEVICE
            case .pinnedHost?: ALULA_MEMORY_PINNED
            }
        try store(alula_memory_kind(number), kind, "kind")
        let first = range?.allocation.address.rawValue ?? 0
        unsafe try store(UnsafeMutableRawPointer(bitPattern: first), start, "start")
        try store(range?.allocation.byteCount ?? 0, byteCount, "byte_count")
    }
}
