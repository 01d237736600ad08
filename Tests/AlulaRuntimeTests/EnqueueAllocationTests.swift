// SPDX-License-Identifier: Apache-2.0

import AlulaPlan
import AlulaRuntime
import CAllocationCounter
import Testing

/// Steady-state enqueues allocate nothing, whatever the spelling.
@Suite(.serialized) struct EnqueueAllocationTests {
    private final class Object {}

    /// How many heap allocations `body` makes on this thread.
    private func allocations(during body: () throws -> Void) rethrows -> Int {
        let before = alula_thread_allocation_count()
        try body()
        return alula_thread_allocation_count() - before
    }

    private static var canCount: Bool { alula_thread_allocation_count() >= 0 }

    @Test(.enabled(if: canCount)) func theCounterSeesAllocations() throws {
        var kept: [Object] = []
        #expect(allocations { for _ in 0..<10 { kept.append(Object()) } } >= 10)
        #expect(allocations { _ = kept.map { $0 } } >= 1)
        #expect(allocations {} == 0)
    }

    @Test(.enabled(if: canCount), arguments: 1...3) func steadyStateEnqueueAllocatesNothing(version: Int) throws {
        let device = try Device.cpu(threads: 1)
        let stream = ExecutionStream.handCranked(on: device)
        let implicit = try Engine(Networks.implicit(maxBatchSize: 4)).makeExecutionContext(on: device)
        let explicit = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.allocate(byteCount: 64), try device.allocate(byteCount: 64)]
        let addresses = memory.map(\.address)
        let consumed = ExecutionEvent()
        try explicit.setAddress(memory[0], for: "input")
        try explicit.setAddress(addresses[1], for: "output")
        explicit.setInputConsumedEvent(consumed)
        func enqueue(_ round: Int) throws {
            switch version {
            case 1: try implicit.executeAsync(batchSize: round % 4 + 1, bindings: addresses, stream: stream)
            case 2: try explicit.executeAsyncV2(bindings: memory, stream: stream, inputConsumed: consumed)
            default: try explicit.executeAsyncV3(stream: stream)
            }
        }
        // As many in flight as later, so that snapshots exist; then steady state.
        for _ in 0..<2 {
            for round in 0..<8 { try enqueue(round) }
            crankAll(stream)
        }
        for _ in 0..<20 {
            let count = try allocations { for round in 0..<8 { try enqueue(round) } }
            #expect(count == 0)
            crankAll(stream)
        }
        #expect(stream.failure == nil)
    }
}
