// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import AlulaTesting
import Synchronization
import Testing

/// Execution model §5.
@Suite struct CaptureTests {
    let device: Device
    let stream: ExecutionStream
    let other: ExecutionStream

    init() throws {
        device = try Device.cpu(threads: 1)
        stream = .handCranked(on: device, name: "root")
        other = .handCranked(on: device, name: "other")
    }

    @Test func captureRecordsInsteadOfRunning() throws {
        let log = Log<Int>()
        try stream.beginCapture()
        #expect(stream.isCapturing)
        try stream.launchHostFunction { log.append(1) }
        try stream.launchHostFunction { log.append(2) }
        let captured = try stream.endCapture()
        #expect(!stream.isCapturing)
        #expect(captured.commandCount == 2)
        #expect(!stream.runNext())
        #expect(log.entries.isEmpty)
        let graph = try captured.instantiate()
        for _ in 0..<3 { try stream.launch(graph) }
        crankAll(stream)
        #expect(log.entries == [1, 2, 1, 2, 1, 2])
    }

    @Test func firstEverEnqueueMayBeCaptured() throws {
        let fresh = try device.makeStream()
        let log = Log<String>()
        let work = StubWork { _, inputsConsumed in
            inputsConsumed()
            log.append("ran")
        }
        try fresh.beginCapture()
        try fresh.push(work, inputConsumed: nil)
        let graph = try fresh.endCapture().instantiate()
        #expect(log.entries.isEmpty)
        try fresh.launch(graph)
        try fresh.synchronize()
        #expect(log.entries == ["ran"])
    }

    @Test func replayIsOnePush() throws {
        try stream.beginCapture()
        for _ in 0..<50 { try stream.launchHostFunction {} }
        let graph = try stream.endCapture().instantiate()
        let before = stream.lastSequence
        try stream.launch(graph)
        #expect(stream.lastSequence == before + 1)
        #expect(stream.runNext())
        #expect(!stream.runNext())
    }

    @Test func replayReadsAndWritesTheSameMemoryAnew() throws {
        let host = try device.allocateHost(byteCount: 4)
        let memory = try device.allocate(byteCount: 4)
        let result = try device.allocateHost(byteCount: 4)
        try stream.beginCapture()
        try stream.copy(from: host, to: memory)
        try stream.copy(from: memory, to: result)
        let graph = try stream.endCapture().instantiate()
        for value in UInt8(1)...3 {
            host.withMutableElements(of: UInt8.self) { for index in $0.indices { $0[index] = value } }
            try stream.launch(graph)
            crankAll(stream)
            let seen = result.withElements(of: UInt8.self) { elements in elements.indices.map { elements[$0] } }
            #expect(seen == [value, value, value, value])
        }
    }

    @Test func pageableSourceIsCapturedByValue() throws {
        let memory = try device.allocate(byteCount: 2)
        var source: [UInt8] = [1, 2]
        try stream.beginCapture()
        try stream.copy(fromPageable: source.span, to: memory)
        source = [8, 9]
        let graph = try stream.endCapture().instantiate()
        try stream.launch(graph)
        crankAll(stream)
        #expect(try bytes(of: memory, on: device) == [1, 2])
    }

    @Test func replayWithFreedMemoryIsAnInvalidState() throws {
        let memory = try device.allocate(byteCount: 32)
        try stream.beginCapture()
        try stream.fill(memory, with: 1)
        let captured = try stream.endCapture()
        let graph = try captured.instantiate()
        try stream.launch(graph)
        let address = memory.address
        try memory.free()
        let replacement = try device.allocate(byteCount: 32)  // may well get the same address: still another allocation
        let before = stream.lastSequence
        let error = #expect(throws: ExecutionError.self) { try stream.launch(graph) }
        #expect(error?.code == .invalidState)
        #expect(error?.description.contains("\(address), freed") == true)
        #expect(error?.description.contains("CaptureTests.swift") == true, "it says where the command was captured")
        #expect(stream.lastSequence == before)
        #expect(throws: ExecutionError.self) { _ = try captured.instantiate() }
        crankAll(stream)  // the launch from before the free still runs
        #expect(try bytes(of: replacement, on: device) == [UInt8](repeating: 0, count: 32))
    }

    @Test func replayWithChangedShapesIsAnInvalidState() throws {
        let first = StubWork()
        let second = StubWork()
        try stream.beginCapture()
        try stream.push(first, inputConsumed: nil)
        try stream.push(second, inputConsumed: nil)
        let graph = try stream.endCapture().instantiate()
        let baseline = first.finishReplayCount.load(ordering: .relaxed)
        second.isInvalid.store(true, ordering: .relaxed)
        let error = #expect(throws: ExecutionError.self) { try stream.launch(graph) }
        #expect(error?.details.what == "shape changed")
        #expect(!stream.runNext(), "nothing was enqueued")
        #expect(
            first.finishReplayCount.load(ordering: .relaxed) == baseline + 1,
            "the check that succeeded is taken back"
        )
    }

    @Test func capturedWorkIsFinishedOnceWithItsGraph() throws {
        let work = StubWork()
        do {
            try stream.beginCapture()
            try stream.push(work, inputConsumed: nil)
            let graph = try stream.endCapture().instantiate()
            let baseline = work.finishReplayCount.load(ordering: .relaxed)
            for _ in 0..<3 { try stream.launch(graph) }
            crankAll(stream)
            #expect(work.finishReplayCount.load(ordering: .relaxed) == baseline + 3)
            #expect(work.finishCount.load(ordering: .relaxed) == 0)
        }
        #expect(work.finishCount.load(ordering: .relaxed) == 1)
    }

    @Test func eventsRecordedInsideAreVisibleOutside() throws {
        let inside = ExecutionEvent()
        let consumed = ExecutionEvent()
        let log = Log<String>()
        try stream.beginCapture()
        try stream.launchHostFunction { log.append("first") }
        try stream.record(inside)
        try stream.push(
            StubWork { _, inputsConsumed in
                inputsConsumed()
                log.append("work")
            },
            inputConsumed: consumed
        )
        let graph = try stream.endCapture().instantiate()
        #expect(try inside.query() == .ready, "not recorded yet")
        for round in 1...3 {
            try stream.launch(graph)
            #expect(try inside.query() == .notReady, "round \(round)")
            #expect(try consumed.query() == .notReady)
            try other.wait(for: inside)
            try other.launchHostFunction { log.append("other") }
            #expect(!other.runNext())
            crankAll(stream)
            #expect(try inside.query() == .ready)
            #expect(try consumed.query() == .ready)
            #expect(try consumed.elapsedTime(from: inside) >= 0)
            crankAll(other)
            #expect(log.entries == Array(repeating: ["first", "work", "other"], count: round).flatMap { $0 })
        }
    }

    @Test func inputConsumedOfAReplayFiresBeforeItsEnd() throws {
        let real = try device.makeStream()
        let consumed = ExecutionEvent()
        let gate = Gate()
        try real.beginCapture()
        try real.push(
            StubWork { _, inputsConsumed in
                inputsConsumed()
                gate.wait()
            },
            inputConsumed: consumed
        )
        let graph = try real.endCapture().instantiate()
        try real.launch(graph)
        try consumed.synchronize()
        #expect(try real.query() == .notReady)
        gate.open()
        try real.synchronize()
    }

    @Test func forkedAndJoinedStreamsReplayInAnOrderThatKeepsTheirEvents() throws {
        let log = Log<String>()
        let fork = ExecutionEvent()
        let join = ExecutionEvent()
        try stream.beginCapture()
        try stream.launchHostFunction { log.append("a") }
        try stream.record(fork)
        try other.wait(for: fork)
        #expect(other.isCapturing, "waiting for a captured record joins the capture")
        try other.launchHostFunction { log.append("b") }
        try stream.launchHostFunction { log.append("c") }
        try other.record(join)
        try stream.wait(for: join)
        try stream.launchHostFunction { log.append("d") }
        let graph = try stream.endCapture().instantiate()
        #expect(!other.isCapturing)
        try stream.launch(graph)
        crankAll(stream)
        #expect(log.entries.first == "a")
        #expect(log.entries.last == "d")
        #expect(Set(log.entries) == ["a", "b", "c", "d"])
    }

    @Test(arguments: UInt64(0)..<20) func randomForksReplayInAnAllowedOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: 300 + seed)
        let streams = [stream, other, .handCranked(on: device), .handCranked(on: device)]
        let events = (0..<4).map { _ in ExecutionEvent() }
        let log = Log<Int>()
        var model = OrderingTests.Model(streamCount: streams.count, eventCount: events.count)
        let start = ExecutionEvent()
        try stream.beginCapture()
        try stream.record(start)
        for member in streams.dropFirst() { try member.wait(for: start) }
        var recorded = Set<Int>()
        for number in 0..<100 {
            let index = Int.random(in: streams.indices, using: &random)
            let event = Int.random(in: events.indices, using: &random)
            if Bool.random(using: &random) {
                try streams[index].record(events[event])
                model.record(event, on: index)
                recorded.insert(event)
            } else if recorded.contains(event) {
                try streams[index].wait(for: events[event])
                model.wait(event, on: index)
            }
            try streams[index].launchHostFunction { log.append(number) }
            model.command(number, on: index)
        }
        for member in streams.dropFirst() {
            let end = ExecutionEvent()
            try member.record(end)
            try stream.wait(for: end)
        }
        let graph = try stream.endCapture().instantiate()
        try other.launch(graph)
        crankAll(other)
        #expect(model.violation(in: log.entries, commandCount: 100) == nil, "seed \(seed)")
    }

    @Test func failureInsideAReplayNamesTheNodeAndSkipsTheRest() throws {
        let log = Log<Int>()
        let after = ExecutionEvent()
        try stream.beginCapture()
        try stream.launchHostFunction { log.append(1) }
        let line: UInt = #line + 1
        try stream.launchHostFunction { () throws(ExecutionError) in throw .planted }
        try stream.launchHostFunction { log.append(2) }
        try stream.record(after)
        let graph = try stream.endCapture().instantiate()
        try stream.launch(graph)
        crankAll(stream)
        #expect(log.entries == [1])
        #expect(throws: ExecutionError.self, "the event is reached, and tells") { _ = try after.query() }
        let error = #expect(throws: ExecutionError.self) { _ = try stream.query() }
        #expect(error?.details.origin?.command == "launch, graph node hostFunction")
        #expect(error?.details.origin?.callSite == "AlulaRuntimeTests/CaptureTests.swift:\(line)")
        stream.clearError()
        #expect(throws: Never.self) { try stream.launch(graph) }
    }

    @Test func memoryAllocatedInACaptureBelongsToTheGraph() throws {
        let result = try device.allocateHost(byteCount: 4)
        try stream.beginCapture()
        let temporary = try stream.allocateAsync(byteCount: 4)
        try stream.fill(temporary, with: 3)
        try stream.copy(from: temporary, to: result)
        try stream.freeAsync(temporary)
        let graph = try stream.endCapture().instantiate()
        for _ in 0..<2 {
            try stream.launch(graph)
            crankAll(stream)
        }
        let seen = result.withElements(of: UInt8.self) { elements in elements.indices.map { elements[$0] } }
        #expect(seen == [3, 3, 3, 3])
        #expect(throws: ExecutionError.self) { try stream.fill(temporary, with: 1) }
    }

    @Test func replaysOfOneGraphNeverOverlap() throws {
        let first = try device.makeStream(isNonBlocking: true)
        let second = try device.makeStream(isNonBlocking: true)
        let inside = Atomic(0)
        let overlaps = Atomic(0)
        try first.beginCapture()
        for _ in 0..<5 {
            try first.launchHostFunction {
                if inside.wrappingAdd(1, ordering: .relaxed).newValue > 1 {
                    overlaps.wrappingAdd(1, ordering: .relaxed)
                }
                for _ in 0..<1_000 { _ = MonotonicClock.nowNanoseconds() }
                inside.wrappingSubtract(1, ordering: .relaxed)
            }
        }
        let graph = try first.endCapture().instantiate()
        for _ in 0..<50 {
            try first.launch(graph)
            try second.launch(graph)
        }
        try first.synchronize()
        try second.synchronize()
        #expect(overlaps.load(ordering: .relaxed) == 0)
    }

    // MARK: Invalid uses

    @Test func misplacedBeginAndEndAreNamed() throws {
        let noBegin = #expect(throws: ExecutionError.self) { _ = try stream.endCapture() }
        #expect(noBegin?.details.what == "stream did not begin a capture")
        try stream.beginCapture()
        let twice = #expect(throws: ExecutionError.self) { try stream.beginCapture() }
        #expect(twice?.details.what == "stream captures already")
        let fork = ExecutionEvent()
        try stream.record(fork)
        try other.wait(for: fork)
        let wrongStream = #expect(throws: ExecutionError.self) { _ = try other.endCapture() }
        #expect(wrongStream?.details.got == "endCapture on a stream that joined")
        try stream.wait(for: fork)
        _ = try stream.endCapture()
        let legacy = try device.defaultStream()
        let onDefault = #expect(throws: ExecutionError.self) { try legacy.beginCapture() }
        #expect(onDefault?.code == .unsupportedState)
    }

    @Test func unjoinedForkFailsAtTheEndAndNamesTheStream() throws {
        let fork = ExecutionEvent()
        try stream.beginCapture()
        try stream.record(fork)
        try other.wait(for: fork)
        try other.launchHostFunction {}
        let error = #expect(throws: ExecutionError.self) { _ = try stream.endCapture() }
        #expect(error?.details.what == "forked stream was not joined")
        #expect(error?.description.contains("'other'") == true)
        #expect(!stream.isCapturing)
        #expect(!other.isCapturing, "both streams are usable again")
    }

    @Test func joiningBeforeTheLastCommandIsNotEnough() throws {
        let fork = ExecutionEvent()
        let join = ExecutionEvent()
        try stream.beginCapture()
        try stream.record(fork)
        try other.wait(for: fork)
        try other.record(join)
        try other.launchHostFunction {}
        try stream.wait(for: join)
        #expect(throws: ExecutionError.self) { _ = try stream.endCapture() }
    }

    @Test func callsThatNeedWorkToRunInvalidateTheCapture() async throws {
        let outside = ExecutionEvent()
        try other.record(outside)
        let memory = try device.allocate(byteCount: 4)
        let device = self.device
        let calls: [(String, (ExecutionStream, ExecutionEvent) throws -> Void)] = [
            ("synchronize", { stream, _ in try stream.synchronize() }),
            ("query", { stream, _ in _ = try stream.query() }),
            ("event query", { _, inside in _ = try inside.query() }),
            ("event synchronize", { _, inside in try inside.synchronize() }),
            ("outside event", { stream, _ in try stream.wait(for: outside) }),
            (
                "pageable destination",
                { stream, _ in
                    var host = [UInt8](repeating: 0, count: 4)
                    try stream.copy(from: memory, toPageable: &host)
                }
            ),
            ("free of outside memory", { stream, _ in try stream.freeAsync(memory) }),
            ("default stream", { _, _ in try device.defaultStream().fill(memory, with: 1) }),
        ]
        for (name, call) in calls {
            let inside = ExecutionEvent()
            try stream.beginCapture()
            try stream.record(inside)
            let error = #expect(throws: ExecutionError.self, "\(name)") { try call(stream, inside) }
            #expect([.invalidState, .unsupportedState].contains(error?.code), "\(name)")
            let later = #expect(throws: ExecutionError.self, "\(name)") { try stream.launchHostFunction {} }
            #expect(later == error, "\(name): later commands of the capture are refused, too")
            let atEnd = #expect(throws: ExecutionError.self, "\(name)") { _ = try stream.endCapture() }
            #expect(atEnd == error, "\(name): the end names the call that broke it")
            #expect(!stream.isCapturing)
        }
        try stream.fill(memory, with: 1)
        crankAll(stream)
    }

    @Test func launchInsideACaptureIsRefused() throws {
        try stream.beginCapture()
        let graph = try stream.endCapture().instantiate()
        try stream.beginCapture()
        let error = #expect(throws: ExecutionError.self) { try stream.launch(graph) }
        #expect(error?.code == .invalidState)
        #expect(throws: ExecutionError.self) { _ = try stream.endCapture() }
    }
}
