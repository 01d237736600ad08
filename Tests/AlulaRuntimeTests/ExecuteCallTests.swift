// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaSystem
import AlulaTensor
import Synchronization
import Testing

/// Execution model §1: the three execute calls.
@Suite struct ExecuteCallTests {
    let device: Device
    let stream: ExecutionStream

    init() throws {
        device = try Device.cpu(threads: 1)
        stream = .handCranked(on: device, name: "main")
    }

    // MARK: - Enqueued, not done

    @Test func enqueueReturnsBeforeAnythingRuns() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let input = try device.memory([Float(-3), 0, 1, 2])
        let output = try device.memory([Float](repeating: 9, count: 4))
        try context.enqueue(bindings: [input, output], on: stream)
        #expect(try output.floats(4, on: device) == [9, 9, 9, 9])
        crankAll(stream)
        #expect(try output.floats(4, on: device) == [1, 2, 3, 4])
    }

    @Test func enqueueIsOneCommand() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.memory([Float](repeating: 0, count: 4)), try device.allocate(byteCount: 16)]
        let before = stream.lastSequence
        try context.enqueue(bindings: memory, on: stream)
        #expect(stream.lastSequence == before + 1)
    }

    @Test func successiveEnqueuesOnOneStreamAreAllInFlight() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let inputs = try (0..<10).map { try device.memory([Float](repeating: Float($0), count: 4)) }
        let outputs = try inputs.map { _ in try device.allocate(byteCount: 16) }
        for index in 0..<10 { try context.enqueue(bindings: [inputs[index], outputs[index]], on: stream) }
        crankAll(stream)
        for index in 0..<10 {
            #expect(try outputs[index].floats(4, on: device) == [Float](repeating: Float(index) + 2, count: 4))
        }
    }

    // MARK: - Engine kinds

    @Test func implicitBatchEngineRunsEveryBatch() throws {
        let engine = try Engine(Networks.implicit(maxBatchSize: 5))
        #expect(engine.hasImplicitBatchDimension)
        #expect(engine.maxBatchSize == 5)
        let context = try engine.makeExecutionContext(on: device)
        for batch in 1...5 {
            let input = try device.memory((0..<15).map { Float($0) - 4 })
            let output = try device.memory([Float](repeating: 99, count: 15))
            try context.executeAsync(batchSize: batch, bindings: [input, output], stream: stream)
            crankAll(stream)
            let expected = (0..<15).map { $0 < batch * 3 ? max(Float($0) - 4, 0) + 1 : 99 }
            #expect(try output.floats(15, on: device) == expected)
        }
    }

    @Test(arguments: [0, 6, -1]) func batchOutOfRangeNamesMaximumAndValue(batch: Int) throws {
        let context = try Engine(Networks.implicit(maxBatchSize: 5)).makeExecutionContext(on: device)
        let memory = try device.allocate(byteCount: 1024)
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.executeAsync(batchSize: batch, bindings: [memory, memory], stream: stream)
        }
        #expect(text.contains("got \(batch), expected 1 to the engine's maximum of 5"))
    }

    @Test func batchOfOneOnExplicitEngineWarnsOncePerContext() throws {
        let warnings = Log<String>()
        let engine = try Engine(Networks.fixed, warn: { warnings.append($0) })
        #expect(!engine.hasImplicitBatchDimension)
        #expect(engine.maxBatchSize == 1)
        let memory = [try device.memory([Float](repeating: 0, count: 4)), try device.allocate(byteCount: 16)]
        for count in 1...2 {
            let context = try engine.makeExecutionContext(on: device)
            for _ in 0..<3 { try context.executeAsync(batchSize: 1, bindings: memory, stream: stream) }
            #expect(warnings.entries.count == count)
        }
        crankAll(stream)
        #expect(try memory[1].floats(4, on: device) == [2, 2, 2, 2])
    }

    @Test func otherBatchOnExplicitEngineIsRefused() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = try device.allocate(byteCount: 64)
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.executeAsync(batchSize: 4, bindings: [memory, memory], stream: stream)
        }
        #expect(text.contains("got 4") && text.contains("maximum of 1"))
    }

    @Test func implicitEngineRefusesTheCallWithoutBatch() throws {
        let context = try Engine(Networks.implicit(maxBatchSize: 2)).makeExecutionContext(on: device)
        let memory = try device.allocate(byteCount: 64)
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.executeAsyncV2(bindings: [memory, memory], stream: stream)
        }
        #expect(text.contains("enqueue(batchSize:bindings:on:)") && text.contains("execute_async"))
    }

    @Test func namedAddressesWorkOnBothKinds() throws {
        let input = try device.memory([Float(-1), 2, 3, 4, 5, 6])
        let output = try device.memory([Float](repeating: 0, count: 6))
        let explicit = try Engine(Networks.fixed).makeExecutionContext(on: device)
        try explicit.setAddress(input.address, for: "input")
        try explicit.setAddress(output, for: "output")
        try explicit.executeAsyncV3(stream: stream)
        crankAll(stream)
        #expect(try output.floats(6, on: device) == [1, 4, 5, 6, 0, 0])

        let implicit = try Engine(Networks.implicit(maxBatchSize: 2)).makeExecutionContext(on: device)
        try implicit.setAddress(input, for: "input")
        try implicit.setAddress(output, for: "output")
        #expect(try implicit.address(of: "output") == output.address)
        try implicit.setInputShape([2, 3], for: "input")
        try implicit.enqueue(on: stream)
        crankAll(stream)
        #expect(try output.floats(6, on: device) == [1, 3, 4, 5, 6, 7])
    }

    @Test func missingAddressNamesTheTensor() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let input = try device.allocate(byteCount: 16)
        try context.setAddress(input, for: "input")
        let text = refusal(.invalidState) { () throws(ExecutionError) in try context.enqueue(on: stream) }
        #expect(text.contains("address is not set in binding 'output'"))
        refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.setAddress(DeviceAddress(0), for: "nothing")
        }
    }

    // MARK: - One caller at a time

    /// Memory whose lookup enqueues the same context again: a second caller in the middle of the first's call.
    private struct Reentrant: BindingMemory {
        let memory: DeviceMemory
        let again: () throws(ExecutionError) -> Void

        func memoryRange(
            on device: Device,
            byteCount: Int?,
            for purpose: String
        ) throws(ExecutionError) -> MemoryRange {
            try again()
            return try memory.memoryRange(on: device, byteCount: byteCount, for: purpose)
        }
    }

    @Test func concurrentEnqueueOfOneContextIsRefused() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.allocate(byteCount: 16), try device.allocate(byteCount: 16)]
        let stream = stream
        let reentrant = memory.map { memory in
            Reentrant(memory: memory) { () throws(ExecutionError) in
                try context.enqueue(bindings: [memory, memory], on: stream)
            }
        }
        let text = refusal(.invalidState) { () throws(ExecutionError) in
            try context.enqueue(bindings: reentrant, on: stream)
        }
        #expect(text.contains("another caller"))
        // The refusal leaves the context usable.
        try context.enqueue(bindings: memory, on: stream)
        crankAll(stream)
    }

    @Test func contextInFlightOnTwoStreamsIsRefused() throws {
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.allocate(byteCount: 16), try device.allocate(byteCount: 16)]
        let other = ExecutionStream.handCranked(on: device, name: "other")
        try context.enqueue(bindings: memory, on: stream)
        let text = refusal(.invalidState) { () throws(ExecutionError) in
            try context.enqueue(bindings: memory, on: other)
        }
        #expect(text.contains("'other'") && text.contains("'main'"))
        crankAll(stream)
        try context.enqueue(bindings: memory, on: other)
        crankAll(other)
    }

    // MARK: - Inputs consumed

    @Test(arguments: 1...3) func inputsAreConsumedBeforeTheOutputsAreReady(version: Int) throws {
        let gate = Gate()
        let plan = Networks.scripted(Scripted { gate.wait() })
        let stream = try device.makeStream()
        let context = try Engine(plan, warn: { _ in }).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        let consumed = ExecutionEvent()
        switch version {
        case 1: try context.executeAsync(bindings: memory, stream: stream, inputConsumed: consumed)
        case 2: try context.executeAsyncV2(bindings: memory, stream: stream, inputConsumed: consumed)
        default:
            try context.setAddress(memory[0], for: "input")
            try context.setAddress(memory[1], for: "output")
            context.setInputConsumedEvent(consumed)
            #expect(context.inputConsumedEvent === consumed)
            try context.executeAsyncV3(stream: stream)
        }
        try consumed.synchronize()
        #expect(try stream.query() == .notReady)
        gate.open()
        try stream.synchronize()
        #expect(try memory[1].floats(4, on: device) == [1, 2, 3, 4])
    }

    @Test func inputsAreConsumedOnReplayToo() throws {
        let gate = Gate()
        let isGated = Atomic(false)
        let plan = Networks.scripted(Scripted { if isGated.load(ordering: .acquiring) { gate.wait() } })
        let stream = try device.makeStream()
        let context = try Engine(plan).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
        let consumed = ExecutionEvent()
        try stream.beginCapture()
        try context.enqueue(bindings: memory, on: stream, inputConsumed: consumed)
        let graph = try stream.endCapture().instantiate()
        for round in 0..<3 {
            isGated.store(round == 2, ordering: .releasing)
            try stream.launch(graph)
            try consumed.synchronize()
            if round == 2 {
                #expect(try stream.query() == .notReady)
            } else {
                // The step behind the consumed inputs must not see the gate of the next round.
                try stream.synchronize()
            }
        }
        gate.open()
        try stream.synchronize()
        #expect(try memory[1].floats(4, on: device) == [1, 2, 3, 4])
    }

    // MARK: - Waiting calls

    @Test func synchronousTwinsReturnWithTheOutputsReady() throws {
        let explicit = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(0), 1, 2, 3]), try device.allocate(byteCount: 16)]
        try explicit.executeV2(bindings: memory)
        #expect(try memory[1].floats(4, on: device) == [2, 3, 4, 5])
        let implicit = try Engine(Networks.implicit(maxBatchSize: 2)).makeExecutionContext(on: device)
        try implicit.execute(batchSize: 1, bindings: memory)
        #expect(try memory[1].floats(3, on: device) == [1, 2, 3])
    }

    @Test func awaitedCallsReturnWithTheOutputsReady() async throws {
        let stream = try device.makeStream()
        let context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(0), 1, 2, 3]), try device.allocate(byteCount: 16)]
        try await context.execute(bindings: memory, on: stream)
        #expect(try memory[1].floats(4, on: device) == [2, 3, 4, 5])
    }

    @Test func failedSynchronousCallLeavesTheContextUsable() throws {
        let isBroken = Atomic(true)
        let plan = Networks.scripted(
            Scripted { () throws(OperatorError) in
                guard isBroken.load(ordering: .acquiring) else { return }
                throw .invalidValue(operator: "Scripted", input: 0, got: "bad", expected: "good")
            }
        )
        let context = try Engine(plan).makeExecutionContext(on: device)
        let memory = [try device.memory([Float(0), 1, 2, 3]), try device.allocate(byteCount: 16)]
        refusal(.failedComputation) { () throws(ExecutionError) in try context.executeV2(bindings: memory) }
        isBroken.store(false, ordering: .releasing)
        try context.executeV2(bindings: memory)
        #expect(try memory[1].floats(4, on: device) == [0, 1, 2, 3])
    }
}
