// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Testing

@Suite struct ThreadScratchTests {
    @Test func aThreadKeepsItsBlockAndGrowsIt() throws {
        let seen = Locked<[Int]>([])
        let thread = try Thread(name: "scratch") {
            for byteCount in [100, 5 << 20, 100] {
                let address = ThreadScratch.with(byteCount: byteCount) { $0 }
                let held = ThreadScratch.heldByteCount
                seen.withLock { $0 += [address, held] }
            }
        }
        thread.join()
        let values = seen.withLock { $0 }
        try #require(values.count == 6)
        #expect(values[1] == 100 && values[3] == 5 << 20 && values[5] == 5 << 20)
        #expect(values[2] == values[4], "a smaller piece of work uses the same block")
        #expect(values.enumerated().allSatisfy { $0.offset % 2 == 1 || $0.element % 256 == 0 })
    }
}
