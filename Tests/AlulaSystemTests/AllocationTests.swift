// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Testing

@Suite struct AllocationTests {
    @Test(arguments: [0, 1, 255, 256, 257, 128 << 10, (128 << 10) + 1, 2 << 20, (5 << 20) + 3])
    func memoryIsAlignedAndZero(byteCount: Int) throws {
        let allocation = try AlignedAllocation(byteCount: byteCount)
        #expect(allocation.byteCount == byteCount)
        #expect(allocation.region.address % 256 == 0)
        #expect(byteCount < 2 << 20 || allocation.region.address % (2 << 20) == 0, "big memory starts at a huge page")
        let isZero = allocation.region.withBytes { bytes in
            stride(from: 0, to: byteCount, by: 13).allSatisfy {
                unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0
            }
        }
        #expect(isZero)
        allocation.region.fill(with: 0xff)  // every byte is writable
    }

    @Test func impossibleSizesAreNamedErrors() {
        let error = #expect(throws: SystemError.self) { _ = try AlignedAllocation(byteCount: Int.max) }
        let limit = MemoryLimits.current.usableByteCount
        #expect(error == .outOfMemory(byteCount: Int.max, limitByteCount: limit))
        #expect(error?.description.contains("\(Int.max)") == true)
        #expect(throws: SystemError.self) { _ = try AlignedAllocation(byteCount: -1) }
    }

    @Test func borrowedMemoryIsGivenBackOnce() throws {
        let owner = try AlignedAllocation(byteCount: 64)
        let givenBack = Locked(0)
        do {
            let lent = unsafe AlignedAllocation(borrowing: owner.baseAddress + 4, byteCount: 8) {
                givenBack.withLock { $0 += 1 }
            }
            #expect(lent.region.address == owner.region.address + 4)
            lent.region.fill(with: 7)
            #expect(givenBack.withLock { $0 } == 0)
        }
        #expect(givenBack.withLock { $0 } == 1)
        let sum = owner.region.withElements(of: UInt8.self) { bytes in
            bytes.indices.reduce(0) { $0 + Int(bytes[$1]) }
        }
        #expect(sum == 56)
    }

    @Test func regionKeepsItsAllocationAlive() throws {
        weak var weakAllocation: AlignedAllocation?
        do {
            var region: MemoryRegion?
            do {
                let allocation = try AlignedAllocation(byteCount: 64)
                weakAllocation = allocation
                region = allocation.region.slice(16..<32)
            }
            #expect(weakAllocation != nil)
            region?.fill(with: 1)
            region = nil
        }
        #expect(weakAllocation == nil)
    }

    @Test func copiesMayOverlap() throws {
        let region = try AlignedAllocation(byteCount: 16).region
        region.copyBytes(from: unsafe ([0, 1, 2, 3, 4, 5, 6, 7] as [UInt8]).span.bytes)
        region.slice(2..<10).copyBytes(from: region.slice(0..<8))
        let bytes = region.withBytes { bytes in
            (0..<10).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        #expect(bytes == [0, 1, 0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test func slicesAndCopiesOutsideTheBoundsTrap() async {
        await #expect(processExitsWith: .failure) {
            _ = try AlignedAllocation(byteCount: 16).region.slice(8..<17)
        }
        await #expect(processExitsWith: .failure) {
            let region = try AlignedAllocation(byteCount: 16).region
            region.slice(0..<8).copyBytes(from: region)
        }
    }
}
