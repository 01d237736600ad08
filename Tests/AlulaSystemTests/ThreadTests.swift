// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Glibc
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func threadRunsItsBodyUnderItsNameAndJoins() throws {
        let name = Locked("")
        let thread = try Thread(name: "alula-named-thread") {
            let comm = try? Files.readText("/proc/thread-self/comm")
            name.withLock { $0 = comm ?? "unreadable" }
        }
        thread.join()
        thread.join()  // the second is harmless
        #expect(name.withLock { $0 } == "alula-named-thr\n", "the system keeps 15 bytes")
    }

    @Test func lockKeepsReadModifyWriteWhole() throws {
        let total = Locked(0)
        let threads = try (0..<4).map { index in
            try Thread(name: "adder-\(index)") {
                for _ in 0..<5_000 { total.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(total.withLock { $0 } == 20_000)
    }

    @Test func conditionVariableHandsOverInTurns() throws {
        let lock = Lock()
        let changed = ConditionVariable()
        let turn = Locked(0)
        let log = Locked<[Int]>([])
        let threads = try (0..<2).map { me in
            try Thread(name: "turn-\(me)") {
                for _ in 0..<200 {
                    lock.withLock {
                        while turn.withLock({ $0 }) != me { changed.wait(with: lock) }
                        log.withLock { $0.append(me) }
                        turn.withLock { $0 = 1 - me }
                        changed.broadcast()
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(log.withLock { $0 } == (0..<400).map { $0 % 2 })
    }

    @Test func conditionVariableTimesOutWithoutASignal() {
        let lock = Lock()
        let never = ConditionVariable()
        let woken = lock.withLock { never.wait(with: lock, timeoutNanoseconds: 1_000_000) }
        #expect(!woken)
    }

    @Test(arguments: [UInt64(0), 1_000_000])
    func futexWaitEndsWhenTheWordChanges(spinNanoseconds: UInt64) throws {
        let words = FutexPair()
        let thread = try Thread(name: "pong") {
            for round in UInt32(0)..<2_000 {
                words.ping.wait(while: round, spinNanoseconds: spinNanoseconds)
                words.pong.advance()
            }
        }
        for round in UInt32(0)..<2_000 {
            words.ping.advance()
            #expect(words.pong.wait(while: round, spinNanoseconds: spinNanoseconds) == round + 1)
        }
        thread.join()
    }

    @Test func threadLocalIntegerIsPerThread() throws {
        let slot = ThreadLocalInteger()
        slot.value = 7
        let other = Locked(-1)
        try Thread(name: "reader") {
            let seen = slot.value
            other.withLock { $0 = seen }
        }.join()
        #expect(other.withLock { $0 } == 0)
        #expect(slot.value == 7)
    }

    @Test func clockNeverGoesBack() {
        var last = MonotonicClock.nowNanoseconds()
        for _ in 0..<10_000 {
            let now = MonotonicClock.nowNanoseconds()
            #expect(now >= last)
            last = now
        }
    }

    @Test func childOfForkHasAnotherIdentity() throws {
        let before = ProcessIdentity.current
        guard let symbol = unsafe dlsym(nil, "fork") else {
            Issue.record("the C library has no fork")
            return
        }
        let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let child = fork()
        if child == 0 {
            alarm(20)  // a child that hangs in the language runtime fails the test instead of hanging it
            _exit(ProcessIdentity.current == before ? 1 : 42)
        }
        var status: Int32 = 0
        #expect(unsafe waitpid(child, &status, 0) == child)
        #expect((status >> 8) & 0xff == 42)
        #expect(ProcessIdentity.current == before)
    }
}

private final class FutexPair: Sendable {
    let ping = FutexWord()
    let pong = FutexWord()
}
