// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import AlulaTesting
import Testing

/// Execution model §4, one test or more for each row.
@Suite struct MemoryTests {
    let device: Device
    let stream: ExecutionStream

    init() throws {
        device = try Device.cpu(threads: 1)
        stream = .handCranked(on: device, name: "cranked")
    }

    // MARK: Memory of the caller's

    @Test func registeredMemoryIsUsedInPlaceAndReleasedWhenNothingUsesIt() throws {
        let owner = try AlignedAllocation(byteCount: 64)
        let isReleased = Locked(false)
        let target = try device.allocate(byteCount: 16)
        do {
            let lent = unsafe AlignedAllocation(borrowing: owner.baseAddress + 16, byteCount: 16) {
                isReleased.withLock { $0 = true }
            }
            let memory = try device.registerHost(lent)
            #expect(device.memoryKind(at: memory.address) == .pinnedHost)
            try stream.copy(from: memory, to: target)
            try memory.free()
        }
        owner.region.fill(with: 5)  // read when the command runs
        #expect(!isReleased.withLock { $0 }, "the copy still needs the memory")
        crankAll(stream)
        #expect(isReleased.withLock { $0 })
        #expect(try bytes(of: target, on: device) == [UInt8](repeating: 5, count: 16))
    }

    @Test func registeredMemoryMustBeUnknown() throws {
        let memory = try device.allocateHost(byteCount: 64)
        let region = try memory.memoryRange().region
        for (start, byteCount) in [(0, 64), (63, 2), (-1, 2), (10, 0)] {
            let lent = unsafe AlignedAllocation(borrowing: region.baseAddress + start, byteCount: byteCount) {}
            let error = #expect(throws: ExecutionError.self) { try device.registerHost(lent) }
            #expect(error?.code == .invalidArgument)
        }
    }

    // MARK: Row "device memory"

    @Test(arguments: [0, 1, 255, 4096, 3 << 20])
    func deviceMemoryIsAlignedAndZero(byteCount: Int) throws {
        let memory = try device.allocate(byteCount: byteCount)
        #expect(memory.address.rawValue % 256 == 0)
        #expect(memory.byteCount == byteCount)
        #expect(try bytes(of: memory, on: device) == [UInt8](repeating: 0, count: byteCount))
    }

    @Test func memoryGoesOnlyAfterAllWorkThatHoldsIt() throws {
        weak var storage: AnyObject?
        do {
            let memory = try device.allocate(byteCount: 64)
            storage = try memory.memoryRange().owner
            try stream.fill(memory, with: 1)
        }
        #expect(storage != nil, "the command holds the bytes")
        #expect(device.allocatedByteCount == 0, "but nobody else may use them")
        crankAll(stream)
        #expect(storage == nil)
    }

    @Test func freeEndsTheUseByNewCommandsAtOnce() throws {
        let memory = try device.allocate(byteCount: 64)
        try stream.fill(memory, with: 1)
        let range = try memory.slice(0..<8)
        try memory.free()
        for use in [{ try stream.fill(memory, with: 2) }, { try stream.fill(range, with: 2) }, { try memory.free() }] {
            let error = #expect(throws: ExecutionError.self) { try use() }
            #expect(error?.code == .invalidArgument)
            #expect(error?.description.contains("freed") == true)
        }
        crankAll(stream)  // the command issued before runs unharmed
        #expect(try stream.query() == .ready)
    }

    @Test func freeAsyncFreesInStreamOrder() throws {
        let other = ExecutionStream.handCranked(on: device, name: "other")
        let memory = try stream.allocateAsync(byteCount: 1000)
        let address = memory.address
        try stream.fill(memory, with: 1)
        try stream.freeAsync(memory)
        #expect(throws: ExecutionError.self) { try stream.fill(memory, with: 2) }
        #expect(throws: ExecutionError.self) { try stream.freeAsync(memory) }

        let elsewhere = try other.allocateAsync(byteCount: 1000)
        #expect(elsewhere.address != address, "the free has not been reached, so other streams must not get the memory")
        let same = try stream.allocateAsync(byteCount: 1000)
        #expect(same.address == address, "the stream itself may: its commands come later")
        try stream.freeAsync(same)
        crankAll(stream)
        let reached = try other.allocateAsync(byteCount: 1000)
        #expect(reached.address == address, "now everybody may")
        #expect(device.pooledByteCount == 0)
        try other.freeAsync(reached)
        #expect(device.pooledByteCount >= 1000)
        device.trimPool()
        #expect(device.pooledByteCount == 0)
    }

    @Test func impossibleSizesAreNamedErrors() throws {
        let tooBig = #expect(throws: ExecutionError.self) { _ = try device.allocate(byteCount: 1 << 60) }
        #expect(tooBig?.code == .failedAllocation)
        #expect(tooBig?.description.contains("\(1 << 60) bytes") == true)
        let negative = #expect(throws: ExecutionError.self) { _ = try device.allocateHost(byteCount: -1) }
        #expect(negative?.code == .invalidArgument)
    }

    @Test func allocationsBeyondTheLimitOfTheDeviceAreNamedErrors() throws {
        let device = try Device.cpu(threads: 1, memoryLimitByteCount: 10_000)
        let stream = ExecutionStream.handCranked(on: device)
        var first: DeviceMemory? = try device.allocate(byteCount: 6_000)
        let second = try device.allocateHost(byteCount: 4_000)
        for allocate in [{ _ = try device.allocate(byteCount: 1) }, { _ = try stream.allocateAsync(byteCount: 1) }] {
            let error = #expect(throws: ExecutionError.self) { try allocate() }
            #expect(error?.code == .failedAllocation)
            #expect(error?.details.got == "0 of 10000 bytes free")
            #expect(error?.details.expected == "1 bytes")
        }
        #expect(first != nil)
        first = nil
        let pooled = try stream.allocateAsync(byteCount: 6_000)
        try stream.freeAsync(pooled)
        #expect(device.pooledByteCount >= 6_000)
        let third = try device.allocate(byteCount: 6_000)
        #expect(device.pooledByteCount == 0, "kept memory makes room")
        #expect(device.allocatedByteCount == third.byteCount + second.byteCount)
    }

    // MARK: Row "pinned host memory"

    @Test func pinnedMemoryIsReadWhenTheCommandRuns() throws {
        let host = try device.allocateHost(byteCount: 4)
        let memory = try device.allocate(byteCount: 4)
        write([1, 2, 3, 4], to: host)
        try stream.copy(from: host, to: memory)
        write([5, 6, 7, 8], to: host)
        crankAll(stream)
        #expect(try bytes(of: memory, on: device) == [5, 6, 7, 8], "what was there when the command ran")
    }

    @Test func pinnedMemoryIsWrittenWhenTheCommandRuns() throws {
        let host = try device.allocateHost(byteCount: 4)
        let memory = try device.allocate(byteCount: 4)
        try stream.fill(memory, with: 9)
        try stream.copy(from: memory, to: host)
        #expect(read(host) == [0, 0, 0, 0], "the call returned before the copy")
        crankAll(stream)
        #expect(read(host) == [9, 9, 9, 9])
    }

    // MARK: Rows "pageable host memory"

    @Test func pageableSourceIsSnapshottedBeforeTheCallReturns() throws {
        let memory = try device.allocate(byteCount: 16)
        var source: [Float] = [1, 2, 3, 4]
        try stream.copy(fromPageable: source.span, to: memory)
        source = [9, 9, 9, 9]  // safe at once
        crankAll(stream)
        var seen = [Float](repeating: 0, count: 4)
        try device.makeStream().copy(from: memory, toPageable: &seen)
        #expect(seen == [1, 2, 3, 4])
    }

    @Test func stagingIsNotReusedBeforeItsCopyHasRun() throws {
        let memories = try (0..<8).map { _ in try device.allocate(byteCount: 5_000) }
        for round in UInt8(0)..<3 {
            for (index, memory) in memories.enumerated() {
                let source = [UInt8](repeating: round * 8 + UInt8(index), count: 5_000)
                try stream.copy(fromPageable: source.span, to: memory)
            }
            crankAll(stream)
            for (index, memory) in memories.enumerated() {
                let expected = [UInt8](repeating: round * 8 + UInt8(index), count: 5_000)
                #expect(try bytes(of: memory, on: device) == expected)
            }
        }
        #expect(device.pooledByteCount == 8 * 5_120 || device.pooledByteCount == 8 * 5_000, "eight stagings, reused")
    }

    @Test func pageableDestinationIsCompleteWhenTheCallReturns() throws {
        let real = try device.makeStream()
        let memory = try device.allocate(byteCount: 4)
        let gate = Gate()
        try real.launchHostFunction { gate.wait() }
        try real.fill(memory, with: 4)
        let opener = try Thread(name: "opener") { gate.open() }
        var host = [UInt8](repeating: 0, count: 4)
        try real.copy(from: memory, toPageable: &host)
        #expect(host == [4, 4, 4, 4])
        #expect(try real.query() == .ready)
        opener.join()
    }

    // MARK: Row "D2D, memset"

    @Test func deviceCopiesAndFillsAreAsynchronous() throws {
        let source = try device.allocate(byteCount: 8)
        let destination = try device.allocate(byteCount: 8)
        try stream.fill(source, with: 6)
        try stream.copy(from: try source.slice(0..<4), to: try destination.slice(2..<8))
        #expect(try bytes(of: destination, on: device) == [UInt8](repeating: 0, count: 8))
        crankAll(stream)
        #expect(try bytes(of: destination, on: device) == [0, 0, 6, 6, 6, 6, 0, 0])
    }

    @Test func overlappingCopiesKeepTheSource() throws {
        let memory = try device.allocate(byteCount: 6)
        try stream.copy(fromPageable: ([1, 2, 3, 4, 5, 6] as [UInt8]).span, to: memory)
        try stream.copy(from: try memory.slice(0..<5), to: try memory.slice(1..<6))
        crankAll(stream)
        #expect(try bytes(of: memory, on: device) == [1, 1, 2, 3, 4, 5])
    }

    // MARK: Row "overlap, size"

    @Test func shortBuffersAreNamedWithNeededAndGivenByteCounts() throws {
        let small = try device.allocate(byteCount: 16)
        let large = try device.allocate(byteCount: 64)
        var host = [UInt8](repeating: 0, count: 16)
        let uses: [(Int, Int, () throws -> Void)] = [
            (64, 16, { try stream.copy(from: large, to: small) }),
            (17, 16, { try stream.copy(from: small, to: large, byteCount: 17) }),
            (64, 16, { try stream.copy(fromPageable: [UInt8](repeating: 0, count: 64).span, to: small) }),
            (64, 16, { _ = try device.memoryRange(at: small.address, byteCount: 64, for: "binding 'x'") }),
            (17, 16, { _ = try device.memoryRange(at: small.address, byteCount: 17, for: "binding 'x'") }),
            (9, 8, { _ = try device.memoryRange(at: small.address.advanced(byByteCount: 8), byteCount: 9, for: "x") }),
        ]
        for (needed, given, use) in uses {
            let error = #expect(throws: ExecutionError.self) { try use() }
            #expect(error?.code == .invalidArgument)
            #expect(error?.details.got == "\(given) bytes")
            #expect(error?.details.expected == "at least \(needed) bytes")
        }
        let error = #expect(throws: ExecutionError.self) { try stream.copy(from: large, toPageable: &host) }
        #expect(error?.details.expected == "at least 64 bytes")
        #expect(throws: ExecutionError.self) { _ = try small.slice(8..<17) }
        #expect(stream.lastSequence == 0, "nothing was enqueued")
    }

    @Test func rawAddressesAreCheckedAgainstLiveAllocations() throws {
        let memory = try device.allocate(byteCount: 100)
        let inside = try device.memoryRange(at: memory.address.advanced(byByteCount: 40), byteCount: 60, for: "binding")
        #expect(inside.byteRange == 40..<100)
        #expect(inside.address == memory.address.advanced(byByteCount: 40))
        #expect(device.memoryKind(at: memory.address) == .device)
        let host = try device.allocateHost(byteCount: 8)
        #expect(device.memoryKind(at: host.address) == .pinnedHost)

        for foreign in [0, 1, 0xdead_0000, UInt.max, memory.address.rawValue + 100, memory.address.rawValue - 1] {
            let address = DeviceAddress(foreign)
            let error = #expect(throws: ExecutionError.self) {
                _ = try device.memoryRange(at: address, byteCount: 1, for: "binding 'y'")
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.details.what == "address is not memory of this device")
            #expect(error?.details.location == "binding 'y'")
            #expect(device.memoryKind(at: address) == nil)
        }
        let address = memory.address
        try memory.free()
        let error = #expect(throws: ExecutionError.self) {
            _ = try device.memoryRange(at: address, byteCount: 1, for: "binding 'z'")
        }
        #expect(error?.details.what == "address was freed")
    }

    @Test func tableFindsEveryAddressAmongManyAllocations() throws {
        let seed: UInt64 = 20_261
        var random = SeededRandom(seed: seed)
        var live: [DeviceMemory] = []
        for _ in 0..<2_000 {
            if live.count > 50 || (!live.isEmpty && Bool.random(using: &random)) {
                let memory = live.remove(at: Int.random(in: 0..<live.count, using: &random))
                try memory.free()
            } else {
                live.append(try device.allocate(byteCount: Int.random(in: 1...3_000, using: &random)))
            }
            guard let memory = live.randomElement(using: &random) else { continue }
            let start = Int.random(in: 0..<memory.byteCount, using: &random)
            let address = memory.address.advanced(byByteCount: start)
            let range = try device.memoryRange(at: address, byteCount: memory.byteCount - start, for: "seed \(seed)")
            #expect(range.byteRange == start..<memory.byteCount)
        }
        #expect(device.allocatedByteCount == live.reduce(0) { $0 + $1.byteCount })
    }

    @Test func memoryCanBeWrappedByAddressCountAndOwner() throws {
        weak var owner: AnyObject?
        var kept: AnyObject?
        do {
            let memory = try device.allocate(byteCount: 512)
            let range = try memory.slice(256..<512)
            #expect(range.address.rawValue == memory.address.rawValue + 256)
            #expect(range.byteCount == 256)
            owner = range.owner
            kept = range.owner
        }
        #expect(owner != nil)
        _ = kept
        kept = nil
        #expect(owner == nil)
    }

    private func write(_ values: [UInt8], to memory: HostMemory) {
        memory.withMutableElements(of: UInt8.self) { elements in
            for index in values.indices { elements[index] = values[index] }
        }
    }

    private func read(_ memory: HostMemory) -> [UInt8] {
        memory.withElements(of: UInt8.self) { elements in elements.indices.map { elements[$0] } }
    }
}
