// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import Synchronization
import Testing

/// Execution model §3, sentence by sentence.
@Suite struct EventTests {
    let device: Device
    let first: ExecutionStream
    let second: ExecutionStream

    init() throws {
        device = try Device.cpu(threads: 1)
        first = .handCranked(on: device, name: "first")
        second = .handCranked(on: device, name: "second")
    }

    @Test func recordCapturesThePositionAtTheCall() throws {
        let event = ExecutionEvent()
        try first.launchHostFunction {}
        try first.record(event)
        try first.launchHostFunction {}
        first.runNext()
        #expect(try event.query() == .notReady)
        first.runNext()
        #expect(try event.query() == .ready, "the later command does not count")
    }

    @Test func recordingAgainOverwrites() throws {
        let event = ExecutionEvent()
        try first.record(event)
        first.runNext()
        #expect(try event.query() == .ready)
        try second.launchHostFunction {}
        try second.record(event)
        #expect(try event.query() == .notReady, "the event now belongs to the second stream")
        crankAll(second)
        #expect(try event.query() == .ready)
    }

    @Test func waitUsesTheLatestRecordAtTheTimeOfTheWaitCall() throws {
        let event = ExecutionEvent()
        try first.record(event)
        try second.wait(for: event)
        try second.launchHostFunction {}
        // Re-recorded after the wait: must not hold the second stream any longer.
        try first.launchHostFunction {}
        try first.record(event)
        #expect(!second.runNext())
        first.runNext()
        #expect(second.runNext(), "the first record is reached, the second does not matter")
        #expect(second.runNext())
        #expect(try event.query() == .notReady)
    }

    @Test func waitForANeverRecordedEventIsANoOp() throws {
        let event = ExecutionEvent()
        try second.wait(for: event)
        try first.launchHostFunction {}
        try first.record(event)
        try second.launchHostFunction {}
        #expect(second.runNext(), "nothing holds the second stream")
        #expect(try second.query() == .ready)
    }

    @Test func neverRecordedEventIsReady() async throws {
        let event = ExecutionEvent()
        #expect(try event.query() == .ready)
        try blockingSynchronize(event)
        try await event.synchronize()
    }

    @Test func waitHoldsOnlyLaterCommandsOfTheWaitingStream() throws {
        let event = ExecutionEvent()
        let log = Log<String>()
        try first.launchHostFunction { log.append("recorded work") }
        try first.record(event)
        try second.launchHostFunction { log.append("before the wait") }
        try second.wait(for: event)
        try second.launchHostFunction { log.append("after the wait") }
        while second.runNext() {}
        #expect(log.entries == ["before the wait"])
        crankAll(first, second)
        #expect(log.entries == ["before the wait", "recorded work", "after the wait"])
    }

    @Test func elapsedTimeIsTheTimeBetweenTheRecordsInMilliseconds() throws {
        let begin = ExecutionEvent()
        let end = ExecutionEvent()
        let inner = Log<UInt64>()
        try first.record(begin)
        try first.launchHostFunction {
            let start = MonotonicClock.nowNanoseconds()
            while MonotonicClock.nowNanoseconds() - start < 3_000_000 {}
            inner.append(start)
            inner.append(MonotonicClock.nowNanoseconds())
        }
        try first.record(end)
        let outerStart = MonotonicClock.nowNanoseconds()
        crankAll(first)
        let outer = Double(MonotonicClock.nowNanoseconds() - outerStart) / 1_000_000
        let elapsed = try end.elapsedTime(from: begin)
        let least = Double(inner.entries[1] - inner.entries[0]) / 1_000_000
        #expect(elapsed >= least)
        #expect(elapsed <= outer)
        #expect(try begin.elapsedTime(from: end) == -elapsed)
    }

    @Test func elapsedTimeResolvesLessThanAMicrosecond() throws {
        // Two records in a row are some hundred nanoseconds apart: whole microseconds cannot all be hit.
        var fractions = Set<Int>()
        for _ in 0..<50 {
            let begin = ExecutionEvent()
            let end = ExecutionEvent()
            try first.record(begin)
            try first.record(end)
            crankAll(first)
            let nanoseconds = Int((try end.elapsedTime(from: begin) * 1_000_000).rounded())
            fractions.insert(nanoseconds % 1_000)
        }
        #expect(fractions.contains { $0 % 500 != 0 })
    }

    @Test func elapsedTimeOfUnfinishedUnrecordedOrUntimedEventsIsAnError() throws {
        let recorded = ExecutionEvent()
        try first.record(recorded)
        crankAll(first)
        let unfinished = ExecutionEvent()
        try first.record(unfinished)
        let untimed = ExecutionEvent(isTimed: false)
        try second.record(untimed)
        crankAll(second)
        let cases: [(ExecutionEvent, ErrorCode)] = [
            (unfinished, .notReady), (ExecutionEvent(), .invalidState), (untimed, .invalidArgument),
        ]
        for (event, code) in cases {
            let asEnd = #expect(throws: ExecutionError.self) { _ = try event.elapsedTime(from: recorded) }
            #expect(asEnd?.code == code)
            let asStart = #expect(throws: ExecutionError.self) { _ = try recorded.elapsedTime(from: event) }
            #expect(asStart?.code == code)
        }
    }

    @Test func recordingAgainForgetsTheOldTime() throws {
        let event = ExecutionEvent()
        try first.record(event)
        crankAll(first)
        #expect(try event.elapsedTime(from: event) == 0)
        try first.record(event)
        let error = #expect(throws: ExecutionError.self) { _ = try event.elapsedTime(from: event) }
        #expect(error?.code == .notReady)
    }

    @Test func recordThatWasOverwrittenDoesNotChangeTheTime() throws {
        let begin = ExecutionEvent()
        let event = ExecutionEvent()
        try second.record(begin)
        try first.record(event)
        try second.record(event)
        crankAll(second)
        let elapsed = try event.elapsedTime(from: begin)
        crankAll(first)  // reaches the first record, which no longer counts
        #expect(try event.elapsedTime(from: begin) == elapsed)
    }

    @Test func untimedEventsStillOrder() throws {
        let event = ExecutionEvent(isTimed: false)
        try first.record(event)
        try second.wait(for: event)
        #expect(!second.runNext())
        crankAll(first, second)
        #expect(try second.query() == .ready)
    }

    @Test(arguments: [EventWait.spinning, .blocking])
    func synchronizeBlocksUntilTheRecordIsReached(wait: EventWait) throws {
        let stream = try device.makeStream()
        let event = ExecutionEvent(wait: wait)
        #expect(event.wait == wait)
        let gate = Gate()
        let log = Log<String>()
        try stream.launchHostFunction {
            gate.wait()
            log.append("work")
        }
        try stream.record(event)
        let opener = try Thread(name: "opener") { gate.open() }
        try event.synchronize()
        log.append("synchronized")
        opener.join()
        #expect(log.entries == ["work", "synchronized"])
    }

    @Test func blockingWaitSleepsAndSpinningWaitDoesNot() throws {
        for (wait, state) in [(EventWait.blocking, "S"), (.spinning, "R")] {
            let event = ExecutionEvent(wait: wait)
            try first.launchHostFunction {}
            try first.record(event)
            let waiter = try Thread(name: "waiter") { try? event.synchronize() }
            #expect(eventually { stateOfThread(named: "waiter") == state })
            // It stays that way; a spinning thread that has lost its core is still runnable.
            for _ in 0..<20 {
                pauseMillisecond()
                #expect(stateOfThread(named: "waiter") == state, "waiting is \(wait)")
            }
            crankAll(first)
            waiter.join()
        }
    }

    @Test func awaitResumesWhenTheRecordIsReached() async throws {
        let event = ExecutionEvent()
        let log = Log<String>()
        try first.launchHostFunction { log.append("work") }
        try first.record(event)
        async let done: Void = {
            try await event.synchronize()
            log.append("resumed")
        }()
        while first.runNext() {}
        try await done
        #expect(log.entries == ["work", "resumed"])
    }

    @Test func eventOutlivesItsStream() throws {
        let event = ExecutionEvent()
        do {
            let stream = try device.makeStream()
            try stream.record(event)
        }
        try event.synchronize()
        #expect(try event.query() == .ready)
    }

    @Test func inputConsumedFiresBeforeTheEnd() throws {
        let stream = try device.makeStream()
        let consumed = ExecutionEvent()
        let done = ExecutionEvent()
        let gate = Gate()
        let work = StubWork { _, inputsConsumed in
            inputsConsumed()
            gate.wait()
        }
        try stream.push(work, inputConsumed: consumed)
        try stream.record(done)
        try consumed.synchronize()
        #expect(try done.query() == .notReady, "inputs may be refilled while the rest still runs")
        #expect(work.finishCount.load(ordering: .relaxed) == 0)
        gate.open()
        try done.synchronize()
        #expect(work.finishCount.load(ordering: .relaxed) == 1)
        #expect(try done.elapsedTime(from: consumed) >= 0)
    }

    @Test func forgottenInputConsumedFiresAtTheEnd() throws {
        let consumed = ExecutionEvent()
        try first.push(StubWork { _, _ in }, inputConsumed: consumed)
        #expect(try consumed.query() == .notReady)
        crankAll(first)
        #expect(try consumed.query() == .ready)
    }

    private func blockingSynchronize(_ event: ExecutionEvent) throws { try event.synchronize() }
}
