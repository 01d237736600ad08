// SPDX-License-Identifier: Apache-2.0

import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

@Suite("Workspace layout")
struct WorkspaceLayoutTests {
    @Test(arguments: 0..<40)
    func buffersAliveTogetherNeverOverlap(seed: Int) {
        var generator = SeededRandom(seed: UInt64(seed))
        let buffers = (0..<Int.random(in: 1...60, using: &generator)).map { value in
            let start = Int.random(in: 0..<40, using: &generator)
            return WorkspaceLayout.Buffer(
                value: value,
                byteCount: Int.random(in: 0...5000, using: &generator),
                lifetime: start...start + Int.random(in: 0...8, using: &generator)
            )
        }
        let layout = WorkspaceLayout(buffers)
        var largestLive = 0
        for step in 0..<50 {
            // Byte by byte: each belongs to at most one live buffer.
            var owners = [Int?](repeating: nil, count: layout.byteCount)
            var live = 0
            for buffer in buffers where buffer.lifetime.contains(step) {
                guard let start = layout.byteOffsets[buffer.value] else {
                    Issue.record("value \(buffer.value) has no place")
                    continue
                }
                #expect(start % 256 == 0)
                #expect(start + buffer.byteCount <= layout.byteCount)
                for byte in start..<start + buffer.byteCount {
                    if let other = owners[byte] {
                        Issue.record("seed \(seed): step \(step): byte \(byte) of \(buffer.value) and \(other)")
                        return
                    }
                    owners[byte] = buffer.value
                }
                live += buffer.byteCount
            }
            largestLive = max(largestLive, live)
        }
        #expect(layout.byteCount >= largestLive)
    }

    @Test func buffersThatNeverMeetShareMemory() {
        let layout = WorkspaceLayout(
            (0..<10).map { .init(value: $0, byteCount: 1024, lifetime: 2 * $0...2 * $0 + 1) }
        )
        #expect(layout.byteCount == 1024)
    }

    @Test func chainNeedsTwoBuffers() {
        let layout = WorkspaceLayout((0..<10).map { .init(value: $0, byteCount: 1000, lifetime: $0...$0 + 1) })
        #expect(layout.byteCount == 2048)
    }

    @Test func sameBuffersGiveTheSameLayout() {
        let buffers = (0..<50).map { WorkspaceLayout.Buffer(value: $0, byteCount: 256, lifetime: $0...$0 + 3) }
        #expect(WorkspaceLayout(buffers).byteOffsets == WorkspaceLayout(buffers.reversed()).byteOffsets)
    }
}
