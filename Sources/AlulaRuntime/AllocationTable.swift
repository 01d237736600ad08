// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem

/// Every live allocation of one device by address, so that raw numbers from C and Python are checked, never trusted.
///
/// Lookups take a short lock of their own that no running command holds.
final class AllocationTable: Sendable {
    /// A live allocation with its range, so that a search touches no object but the one it finds.
    private struct Entry {
        var start: UInt
        var end: UInt
        var allocation: Allocation
    }

    private struct State {
        /// Sorted by address; allocations do not overlap.
        var live: [Entry] = []
        /// The last freed ranges, oldest first, so that an error can say "freed" instead of "unknown".
        var freed: [Range<UInt>] = []
        var byteCount = 0
    }

    private static let rememberedFreedCount = 256
    private let state = Locked(State())

    /// Bytes in live allocations.
    var liveByteCount: Int { state.withLock { $0.byteCount } }

    /// Adds an allocation.
    func insert(_ allocation: Allocation) {
        let start = allocation.address
        state.withLock { state in
            let index = Self.insertionIndex(of: start, in: state.live)
            let end = start.rawValue + UInt(allocation.byteCount)
            state.live.insert(Entry(start: start.rawValue, end: end, allocation: allocation), at: index)
            state.byteCount += allocation.byteCount
            state.freed.removeAll { $0.contains(start.rawValue) }
        }
    }

    /// Adds memory that the device did not allocate itself.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when it overlaps a live allocation.
    func insertForeign(_ allocation: Allocation) throws(ExecutionError) {
        let start = allocation.address
        try state.withLock { state throws(ExecutionError) in
            let index = Self.insertionIndex(of: start, in: state.live)
            let end = start.rawValue + UInt(allocation.byteCount)
            let overlapsPrevious = index > 0 && state.live[index - 1].end > start.rawValue
            let overlapsNext = index < state.live.count && state.live[index].start < end
            guard !overlapsPrevious, !overlapsNext else {
                throw .invalidArgument(
                    .init(
                        "memory is registered or allocated already",
                        in: "host memory registration",
                        got: "\(start), \(allocation.byteCount) bytes",
                        expected: "memory the device does not know"
                    )
                )
            }
            state.live.insert(Entry(start: start.rawValue, end: end, allocation: allocation), at: index)
            state.byteCount += allocation.byteCount
            state.freed.removeAll { $0.overlaps(start.rawValue..<end) }
        }
    }

    /// Removes an allocation; one that is not there is ignored.
    func remove(_ allocation: Allocation) {
        let start = allocation.address
        state.withLock { state in
            let index = Self.insertionIndex(of: start, in: state.live)
            guard index < state.live.count, state.live[index].allocation === allocation else { return }
            state.live.remove(at: index)
            state.byteCount -= allocation.byteCount
            if state.freed.count == Self.rememberedFreedCount { state.freed.removeFirst() }
            state.freed.append(start.rawValue..<start.rawValue + UInt(max(1, allocation.byteCount)))
        }
    }

    /// The allocation that starts exactly at `address`.
    func allocation(startingAt address: DeviceAddress) -> Allocation? {
        state.withLock { state in
            let index = Self.insertionIndex(of: address, in: state.live)
            guard index < state.live.count, state.live[index].start == address.rawValue else { return nil }
            return state.live[index].allocation
        }
    }

    /// Checks that `byteCount` bytes from `address` on lie in one live allocation.
    ///
    /// - Parameter location: what the memory is for, for the error: "binding 'input'", "copy destination".
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` with needed and given byte counts, or naming a freed or foreign
    ///   address.
    func range(
        at address: DeviceAddress,
        byteCount: Int,
        for location: String
    ) throws(ExecutionError) -> MemoryRange {
        try state.withLock { state throws(ExecutionError) in
            guard byteCount >= 0 else {
                throw .invalidArgument(
                    .init("negative byte count", in: location, got: "\(byteCount) bytes", expected: "zero or more")
                )
            }
            let next = Self.insertionIndex(of: address.advanced(byByteCount: 1), in: state.live)
            guard next > 0, state.live[next - 1].end >= address.rawValue else {
                throw Self.unknown(address, freed: state.freed, location: location)
            }
            let start = Int(address.rawValue - state.live[next - 1].start)
            let given = Int(state.live[next - 1].end - address.rawValue)
            // The byte just past an allocation belongs to nobody.
            guard given > 0 || start == 0 else {
                throw Self.unknown(address, freed: state.freed, location: location)
            }
            guard byteCount <= given else {
                throw .tooShort(location, neededByteCount: byteCount, givenByteCount: given)
            }
            return MemoryRange(allocation: state.live[next - 1].allocation, byteRange: start..<start + byteCount)
        }
    }

    private static func insertionIndex(of address: DeviceAddress, in live: [Entry]) -> Int {
        var low = 0
        var high = live.count
        while low < high {
            let middle = (low + high) / 2
            if live[middle].start < address.rawValue { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func unknown(_ address: DeviceAddress, freed: [Range<UInt>], location: String) -> ExecutionError {
        let wasFreed = freed.contains { $0.contains(address.rawValue) }
        return .invalidArgument(
            .init(
                wasFreed ? "address was freed" : "address is not memory of this device",
                in: location,
                got: "\(address)",
                expected: "an address inside a live allocation"
            )
        )
    }
}

extension ExecutionError {
    /// A buffer that is too short for what it is used for.
    package static func tooShort(_ location: String, neededByteCount: Int, givenByteCount: Int) -> ExecutionError {
        .invalidArgument(
            .init(
                "memory is too short",
                in: location,
                got: "\(givenByteCount) bytes",
                expected: "at least \(neededByteCount) bytes"
            )
        )
    }

    /// The runtime's words for a failure of the system below.
    package init(_ error: SystemError, in location: String) {
        switch error {
        case .outOfMemory(let byteCount, let limitByteCount):
            self = .failedAllocation(
                .init(
                    "out of memory",
                    in: location,
                    got: "a limit of \(limitByteCount) bytes",
                    expected: "\(byteCount) bytes"
                )
            )
        case .invalidArgument(let name, let got, let expected):
            self = .invalidArgument(.init("invalid \(name)", in: location, got: got, expected: expected))
        case .threadNotStarted:
            self = .failedInitialization(
                .init("thread did not start", in: location, got: "\(error)", expected: "a new thread")
            )
        case .file:
            self = .failedInitialization(
                .init("file error", in: location, got: "\(error)", expected: "a readable file")
            )
        }
    }
}
