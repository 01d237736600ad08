// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import Synchronization
import Testing

/// Execution model §2, one test or more for each row.
@Suite struct StreamTests {
    let device: Device

    init() throws { device = try Device.cpu(threads: 2) }

    // MARK: Row "order"

    @Test func commandsOfAStreamRunInIssueOrder() throws {
        let stream = try device.makeStream()
        let log = Log<Int>()
        for index in 0..<5_000 { try stream.launchHostFunction { log.append(index) } }
        try stream.synchronize()
        #expect(log.entries == Array(0..<5_000))
    }

    @Test func callsReturnBeforeTheWorkRuns() throws {
        let stream = try device.makeStream()
        let gate = Gate()
        let log = Log<Int>()
        try stream.launchHostFunction { gate.wait() }
        for index in 0..<1_000 { try stream.launchHostFunction { log.append(index) } }
        #expect(log.entries.isEmpty)
        #expect(try stream.query() == .notReady)
        gate.open()
        try stream.synchronize()
        #expect(log.entries.count == 1_000)
        #expect(try stream.query() == .ready)
    }

    // MARK: Completion

    @Test func completionIsReportedOnceAlsoForWorkThatFailed() throws {
        let stream = ExecutionStream.handCranked(on: device)
        let event = ExecutionEvent()
        let log = Log<Int>()
        try event.whenComplete { log.append(0) }
        #expect(log.entries == [0], "an event never recorded is complete")
        try stream.launchHostFunction { () throws(ExecutionError) in
            throw .failedExecution(.init("failure", in: "test", got: "failure", expected: "failure"))
        }
        try stream.launchHostFunction { log.append(1) }
        try stream.record(event)
        try event.whenComplete { log.append(2) }
        #expect(log.entries == [0])
        while stream.runNext() {}
        #expect(log.entries == [0, 2], "skipped, but complete")
    }

    // MARK: Row "independence"

    @Test func longKernelDoesNotStopTheCopiesOfAnotherStream() throws {
        let long = try device.makeStream()
        let other = try device.makeStream()
        let gate = Gate()
        try long.push(StubWork { team, inputsConsumed in team.step { _ in _ = gate.wait() } }, inputConsumed: nil)
        let memory = try device.allocate(byteCount: 64)
        try other.fill(memory, with: 7)
        var host = [UInt8](repeating: 0, count: 64)
        try other.copy(from: memory, toPageable: &host)  // returns although the kernel holds the whole team
        #expect(host == [UInt8](repeating: 7, count: 64))
        #expect(try long.query() == .notReady)
        gate.open()
        try long.synchronize()
    }

    @Test func streamsOfOneTeamTakeTurnsStepByStep() throws {
        let first = try device.makeStream()
        let second = try device.makeStream()
        let secondStepped = Atomic(false)
        let secondIsQueued = Gate()
        let sawSecond = Log<Bool>()
        let endless = StubWork { team, _ in
            secondIsQueued.wait()
            for _ in 0..<100_000 where !sawSecond.entries.contains(true) {
                team.step { _ in
                    if secondStepped.load(ordering: .acquiring) { sawSecond.append(true) }
                }
            }
        }
        try first.push(endless, inputConsumed: nil)
        try second.push(
            StubWork { team, _ in
                secondIsQueued.open()
                team.step { _ in secondStepped.store(true, ordering: .releasing) }
            },
            inputConsumed: nil
        )
        try first.synchronize()
        try second.synchronize()
        #expect(sawSecond.entries == [true], "the second stream's step ran between two steps of the first")
    }

    @Test func streamsOfDifferentTeamsComputeAtTheSameTime() throws {
        let device = try Device.cpu(threads: 2, teams: 2)
        let streams = [try device.makeStream(), try device.makeStream()]
        let arrived = [Gate(), Gate()]
        let met = Log<Bool>()
        for index in 0..<2 {
            let work = StubWork { team, _ in
                team.step { _ in
                    arrived[index].open()
                    met.append(arrived[1 - index].wait())
                }
            }
            try streams[index].push(work, inputConsumed: nil)
        }
        for stream in streams { try stream.synchronize() }
        #expect(met.entries == [true, true], "both steps were inside their team at once")
    }

    // MARK: Row "default (legacy) stream, handle 0"

    @Test func blockingStreamsOrderAgainstTheDefaultStreamBothWays() throws {
        let blocking = try device.makeStream()
        let legacy = try device.defaultStream()
        #expect(legacy.handle == 0)
        let gate = Gate()
        let log = Log<String>()
        try blocking.launchHostFunction {
            gate.wait()
            log.append("before")
        }
        try legacy.launchHostFunction { log.append("default") }
        try blocking.launchHostFunction { log.append("after") }
        #expect(log.entries.isEmpty)
        gate.open()
        try blocking.synchronize()
        #expect(log.entries == ["before", "default", "after"])
    }

    @Test func defaultStreamHoldsUpOtherBlockingStreams() throws {
        let blocking = try device.makeStream()
        let legacy = try device.defaultStream()
        let gate = Gate()
        try legacy.launchHostFunction { gate.wait() }
        try blocking.launchHostFunction {}
        #expect(try blocking.query() == .notReady)
        gate.open()
        try blocking.synchronize()
    }

    @Test func nonBlockingStreamsAreExemptFromTheDefaultStreamsOrder() throws {
        let free = try device.makeStream(isNonBlocking: true)
        let legacy = try device.defaultStream()
        let gate = Gate()
        try legacy.launchHostFunction { gate.wait() }
        try free.launchHostFunction {}
        try free.synchronize()  // the default stream is still held
        #expect(try legacy.query() == .notReady)
        gate.open()
        try legacy.synchronize()

        let second = Gate()
        try free.launchHostFunction { second.wait() }
        try legacy.launchHostFunction {}
        try legacy.synchronize()  // the non-blocking stream is still held
        #expect(try free.query() == .notReady)
        second.open()
        try free.synchronize()
    }

    @Test func synchronizingTheDefaultStreamCoversBlockingStreams() throws {
        let blocking = try device.makeStream()
        let gate = Gate()
        try blocking.launchHostFunction { gate.wait() }
        let legacy = try device.defaultStream()
        #expect(try legacy.query() == .notReady)
        gate.open()
        try legacy.synchronize()
        #expect(try blocking.query() == .ready)
    }

    @Test func handlesFindTheirStreams() throws {
        let stream = try device.makeStream(name: "mine")
        #expect(try device.stream(handle: stream.handle).name == "mine")
        #expect(try device.stream(handle: 0).isDefault)
        #expect(try device.stream(handle: 1).isDefault, "cudaStreamLegacy")
        let error = #expect(throws: ExecutionError.self) { _ = try device.stream(handle: 987_654) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains("987654") == true)
    }

    // MARK: Row "priority"

    @Test func lowerPriorityValueGetsTheTeamFirst() throws {
        let holder = try device.makeStream()
        let gate = Gate()
        let log = Log<Int>()
        let held = Gate()
        let lease = Locked<TeamLease?>(nil)
        try holder.push(
            StubWork { team, _ in
                lease.withLock { $0 = team }
                team.step { _ in
                    held.open()
                    gate.wait()
                }
            },
            inputConsumed: nil
        )
        held.wait()
        let priorities = [3, -2, 0, -2, 5]
        var streams: [ExecutionStream] = []
        for (index, priority) in priorities.enumerated() {
            let stream = try device.makeStream(priority: priority)
            #expect(stream.priority == priority)
            let work = StubWork { team, _ in team.step { _ in log.append(index) } }
            try stream.push(work, inputConsumed: nil)
            streams.append(stream)
            #expect(eventually { lease.withLock { $0?.waitingCount } == index + 1 })
        }
        gate.open()
        for stream in streams { try stream.synchronize() }
        #expect(log.entries == [1, 3, 2, 0, 4], "by priority, then by arrival")
    }

    // MARK: Row "query / synchronize"

    @Test(.timeLimit(.minutes(2))) func awaitingManyTasksBlocksNoCooperativeThread() async throws {
        let stream = try device.makeStream()
        let gate = Gate()
        try stream.launchHostFunction { gate.wait() }
        let started = Log<Int>()
        try await withThrowingTaskGroup(of: CompletionStatus.self) { group in
            for index in 0..<64 {
                group.addTask {
                    started.append(index)
                    try await stream.synchronize()
                    return try stream.query()
                }
            }
            // More tasks wait than the pool has threads; if waiting blocked, nobody could open the gate.
            while started.entries.count < 64 { await Task.yield() }
            gate.open()
            for try await status in group { #expect(status == .ready) }
        }
    }

    @Test func waitingThreadsAllWakeUp() throws {
        let stream = try device.makeStream()
        let gate = Gate()
        try stream.launchHostFunction { gate.wait() }
        let done = Atomic(0)
        let threads = try (0..<6).map { index in
            try Thread(name: "waiter-\(index)") {
                try? stream.synchronize()
                done.wrappingAdd(1, ordering: .relaxed)
            }
        }
        gate.open()
        for thread in threads { thread.join() }
        #expect(done.load(ordering: .relaxed) == 6)
    }

    // MARK: Row "destroy"

    @Test func destroyReturnsAtOnceAndIssuedWorkCompletes() throws {
        let stream = try device.makeStream()
        let event = ExecutionEvent(wait: .blocking)
        let gate = Gate()
        let log = Log<Int>()
        try stream.launchHostFunction { gate.wait() }
        for index in 0..<100 { try stream.launchHostFunction { log.append(index) } }
        try stream.record(event)
        stream.destroy()
        #expect(try event.query() == .notReady)
        let error = #expect(throws: ExecutionError.self) { try stream.launchHostFunction {} }
        #expect(error?.code == .invalidState)
        #expect(throws: ExecutionError.self) { try stream.synchronize() }
        #expect(throws: ExecutionError.self) { _ = try stream.allocateAsync(byteCount: 1) }
        gate.open()
        try event.synchronize()
        #expect(log.entries == Array(0..<100))
    }

    @Test func lettingGoOfAStreamLetsItsWorkComplete() throws {
        let event = ExecutionEvent()
        let memory = try device.allocate(byteCount: 8)
        let gate = Gate()
        do {
            let stream = try device.makeStream()
            try stream.launchHostFunction { gate.wait() }
            try stream.fill(memory, with: 3)
            try stream.record(event)
        }
        gate.open()
        try event.synchronize()
        #expect(try bytes(of: memory, on: device) == [UInt8](repeating: 3, count: 8))
    }

    @Test func noOrderOfDestructionCrashes() throws {
        for round in 0..<20 {
            let log = Log<Int>()
            let event = ExecutionEvent()
            do {
                let device = try Device.cpu(threads: 2)
                let stream = try device.makeStream()
                let memory = try device.allocate(byteCount: 4096)
                try stream.fill(memory, with: 1)
                try stream.push(StubWork { team, _ in team.run(parts: 2) { log.append($0) } }, inputConsumed: nil)
                if round % 2 == 0 { try device.defaultStream().fill(memory, with: 2) }
                try stream.record(event)
            }
            try event.synchronize()
            #expect(log.entries.sorted() == [0, 1])
        }
    }

    // MARK: Row "host function"

    @Test func hostFunctionRunsOnTheStreamsThreadAndHoldsLaterCommands() throws {
        let stream = try device.makeStream(name: "hosted")
        let names = Log<String>()
        let memory = try device.allocate(byteCount: 1)
        let gate = Gate()
        try stream.launchHostFunction {
            names.append((try? Files.readText("/proc/thread-self/comm")) ?? "")
            gate.wait()
        }
        let after = ExecutionEvent()
        try stream.fill(memory, with: 1)
        try stream.record(after)
        #expect(try after.query() == .notReady)
        gate.open()
        try after.synchronize()
        #expect(names.entries == ["alula-hosted\n"])
    }

    @Test func callingTheAPIFromAHostFunctionIsNotPermitted() throws {
        let device = self.device
        let stream = try device.makeStream()
        let other = try device.makeStream()
        let event = ExecutionEvent()
        try other.record(event)
        let memory = try device.allocate(byteCount: 16)
        let work = StubWork()
        let calls: [(String, @Sendable () throws -> Void)] = [
            ("own synchronize", { try stream.synchronize() }),
            ("other synchronize", { try other.synchronize() }),
            ("query", { _ = try stream.query() }),
            ("fill", { try other.fill(memory, with: 1) }),
            ("copy", { try other.copy(from: memory, to: memory) }),
            ("host function", { try other.launchHostFunction {} }),
            ("record", { try other.record(event) }),
            ("wait", { try other.wait(for: event) }),
            ("event query", { _ = try event.query() }),
            ("event synchronize", { try event.synchronize() }),
            ("execute", { try other.push(work, inputConsumed: nil) }),
            ("allocate", { _ = try device.allocate(byteCount: 1) }),
            ("allocateAsync", { _ = try other.allocateAsync(byteCount: 1) }),
            ("freeAsync", { try other.freeAsync(memory) }),
            ("makeStream", { _ = try device.makeStream() }),
            ("device synchronize", { try device.synchronize() }),
            ("beginCapture", { try other.beginCapture() }),
        ]
        let outcomes = Log<(String, ErrorCode)>()
        try stream.launchHostFunction {
            for (name, call) in calls {
                do {
                    try call()
                    outcomes.append((name, .success))
                } catch {
                    outcomes.append((name, (error as? ExecutionError)?.code ?? .unspecified))
                }
            }
        }
        try stream.synchronize()
        #expect(outcomes.entries.count == calls.count)
        for (name, code) in outcomes.entries { #expect(code == .notPermitted, "\(name)") }
    }

    // MARK: Threads

    @Test func idleStreamThreadsSleep() throws {
        let stream = try device.makeStream(name: "idler")
        try stream.launchHostFunction {}
        try stream.synchronize()
        #expect(eventually { stateOfThread(named: "alula-idler") == "S" })
        for _ in 0..<20 {
            pauseMillisecond()
            #expect(stateOfThread(named: "alula-idler") == "S")
        }
    }

    @Test func forkedProcessGetsANamedErrorInsteadOfADeadlock() throws {
        let stream = try device.makeStream()
        let code = try inForkedChild {
            do throws(ExecutionError) {
                try stream.synchronize()
                return 0
            } catch {
                return error.code.rawValue
            }
        }
        #expect(code == ErrorCode.failedInitialization.rawValue)
    }

    @Test(arguments: [0, -1, 5_000])
    func impossibleThreadCountsAreInvalidArguments(threads: Int) {
        let error = #expect(throws: ExecutionError.self) { _ = try Device.cpu(threads: threads) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains("got \(threads), expected 1 to 4096") == true)
    }

    @Test func moreThreadsThanCoresWorkAndMoreTeamsThanThreadsDoNot() throws {
        let crowded = try Device.cpu(threads: 9, teams: 2)
        #expect(crowded.threadCount == 9)
        let counts = Log<Int>()
        for _ in 0..<2 {
            let stream = try crowded.makeStream()
            try stream.push(StubWork { team, _ in counts.append(team.threadCount) }, inputConsumed: nil)
            try stream.synchronize()
        }
        #expect(counts.entries.sorted() == [4, 5], "streams go to the teams in turn")
        let error = #expect(throws: ExecutionError.self) { _ = try Device.cpu(threads: 2, teams: 3) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func timestampsOfACommandAreInOrder() throws {
        let stream = try device.makeStream()
        let before = stream.lastSequence
        let work = StubWork { _, inputsConsumed in inputsConsumed() }
        try stream.push(work, inputConsumed: ExecutionEvent())
        try stream.fill(try device.allocate(byteCount: 1), with: 0)
        try stream.synchronize()
        let timestamps = stream.timestamps(after: before)
        #expect(timestamps.map(\.command) == ["execute", "fill"])
        let execute = try #require(timestamps.first)
        let consumed = try #require(execute.inputsConsumedNanoseconds)
        #expect(execute.enqueueNanoseconds <= execute.startNanoseconds)
        #expect(execute.startNanoseconds <= consumed)
        #expect(consumed <= execute.endNanoseconds)
        #expect(timestamps.last?.inputsConsumedNanoseconds == nil)
        #expect(stream.timestamps(after: stream.lastSequence).isEmpty)
    }
}
