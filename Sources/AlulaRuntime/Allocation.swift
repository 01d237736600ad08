// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem
package import AlulaTensor
internal import Synchronization

/// What kind of memory an address belongs to.
public enum MemoryKind: Sendable {
    /// Memory of the device.
    case device
    /// Host memory that asynchronous copies read and write when they run.
    case pinnedHost
}

/// One live or freed allocation. Commands hold it, so its bytes outlive every command that touches them.
package final class Allocation: Sendable {
    /// Never used twice in a process: a new allocation at an old address is another allocation.
    package let identifier: Int
    /// Device or pinned host memory.
    package let kind: MemoryKind
    /// The bytes.
    package let storage: AlignedAllocation
    /// The bytes the user asked for; ``storage`` may be longer when it came from the pool.
    package let byteCount: Int
    /// The bytes as tensors see them, made once so that enqueueing allocates nothing.
    package let tensorStorage: TensorStorage
    /// The capture that allocated it: its graph owns the memory and may use it after the user has freed it.
    let capture: ObjectIdentifier?
    private let isFreed = Atomic(false)

    init(kind: MemoryKind, storage: AlignedAllocation, byteCount: Int, capture: ObjectIdentifier? = nil) {
        identifier = allocationSerial.wrappingAdd(1, ordering: .relaxed).newValue
        self.kind = kind
        self.storage = storage
        self.byteCount = byteCount
        self.capture = capture
        tensorStorage = storage.region.slice(0..<byteCount).withBytes { TensorStorage(viewing: $0, of: storage) }
    }

    /// Whether new commands may use the memory.
    package var isLive: Bool { !isFreed.load(ordering: .acquiring) }

    /// Ends the use by new commands; returns false when that had happened before.
    func markFreed() -> Bool { !isFreed.exchange(true, ordering: .acquiringAndReleasing) }

    /// The first byte.
    package var address: DeviceAddress { DeviceAddress(storage.region.address) }

    /// All bytes the user asked for.
    package var region: MemoryRegion { storage.region.slice(0..<byteCount) }
}

private let allocationSerial = Atomic<Int>(0)

/// A checked range of bytes inside one allocation: what commands work on. Keeps the bytes alive.
public struct MemoryRange: Sendable {
    /// The allocation the bytes belong to.
    package let allocation: Allocation
    /// Bytes from the start of the allocation.
    public let byteRange: Range<Int>

    /// Device or pinned host memory.
    public var kind: MemoryKind { allocation.kind }
    /// The number of bytes.
    public var byteCount: Int { byteRange.count }
    /// The first byte.
    public var address: DeviceAddress { allocation.address.advanced(byByteCount: byteRange.lowerBound) }
    /// The bytes, with their owner.
    package var region: MemoryRegion { allocation.region.slice(byteRange) }
    /// The object that keeps the bytes alive and in place, for wrapping them as tensor storage.
    package var owner: AnyObject { allocation.storage }

    /// The bytes `subrange` of this range, counted from its start.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when they are not inside.
    public func slice(_ subrange: Range<Int>) throws(ExecutionError) -> MemoryRange {
        guard subrange.lowerBound >= 0, subrange.upperBound <= byteCount else {
            throw .invalidArgument(
                .init(
                    "slice is outside its range",
                    in: "memory at \(address)",
                    got: "bytes \(subrange.lowerBound)..<\(subrange.upperBound)",
                    expected: "inside 0..<\(byteCount)"
                )
            )
        }
        let start = byteRange.lowerBound + subrange.lowerBound
        return MemoryRange(allocation: allocation, byteRange: start..<start + subrange.count)
    }

    /// - Throws: ``freedError(in:)`` unless new commands may use the memory.
    func checkLive(in location: @autoclosure () -> String) throws(ExecutionError) {
        guard allocation.isLive else { throw freedError(in: location()) }
    }

    /// The error of commands that use the memory after it was freed.
    func freedError(in location: String) -> ExecutionError {
        .invalidArgument(.init("memory was freed", in: location, got: "\(address)", expected: "a live allocation"))
    }
}

/// Something that names a range of device or pinned host memory: whole memory objects and ranges of them.
public protocol MemoryRangeConvertible {
    /// The range.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when the memory was freed.
    func memoryRange() throws(ExecutionError) -> MemoryRange
}

extension MemoryRange: MemoryRangeConvertible {
    /// Itself; whether it is still live is checked by the command that uses it.
    public func memoryRange() throws(ExecutionError) -> MemoryRange { self }
}
