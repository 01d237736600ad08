// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Synchronization
import Testing

@Suite struct WorkerTeamTests {
    @Test(arguments: [1, 2, 3, 5])
    func everyPartRunsExactlyOnce(threadCount: Int) throws {
        let team = try WorkerTeam(threadCount: threadCount)
        for parts in [0, 1, 2, 3, 7, 64] {
            let counts = Locked([Int](repeating: 0, count: parts))
            for _ in 0..<50 {
                team.run(parts: parts) { part in counts.withLock { $0[part] += 1 } }
            }
            #expect(counts.withLock { $0 } == [Int](repeating: 50, count: parts))
        }
    }

    @Test func resultsOfAllMembersAreVisibleAfterRun() throws {
        let team = try WorkerTeam(threadCount: 3)
        let allocation = try AlignedAllocation(byteCount: 3_000)
        for round in UInt8(1)...100 {
            let region = allocation.region
            team.run(parts: 30) { part in region.slice(part * 100..<(part + 1) * 100).fill(with: round) }
            let isComplete = region.withBytes { bytes in
                (0..<3_000).allSatisfy { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == round }
            }
            #expect(isComplete, "round \(round)")
        }
    }

    @Test func callerIsAMemberAndTheSplitIsStatic() throws {
        let team = try WorkerTeam(threadCount: 2)
        let names = Locked([String](repeating: "", count: 4))
        team.run(parts: 4) { part in
            let name = (try? Files.readText("/proc/thread-self/comm")) ?? ""
            names.withLock { $0[part] = name }
        }
        let seen = names.withLock { $0 }
        let caller = try Files.readText("/proc/thread-self/comm")
        #expect(seen == [caller, caller, "alula-team-1\n", "alula-team-1\n"])
    }

    @Test func differentThreadsMayTakeTurnsAsTheCaller() throws {
        let team = try WorkerTeam(threadCount: 2)
        let turn = Lock()
        let total = Locked(0)
        let callers = try (0..<3).map { index in
            try Thread(name: "caller-\(index)") {
                for _ in 0..<300 {
                    turn.withLock { team.run(parts: 4) { part in total.withLock { $0 += part } } }
                }
            }
        }
        for caller in callers { caller.join() }
        let sumOfParts = (0..<4).reduce(0, +)
        #expect(total.withLock { $0 } == 900 * sumOfParts)
    }

    @Test func idleMembersSleep() throws {
        #expect(WorkerTeam.defaultSpinNanoseconds < 1_000_000)
        let team = try WorkerTeam(threadCount: 3, name: "idle-team", spinNanoseconds: 50_000)
        team.run(parts: 3) { _ in }
        #expect(waitUntil { statesOfThreads(named: "idle-team") == ["S", "S"] }, "members never went to sleep")
    }

    @Test func teamThreadsEndWithTheTeam() throws {
        do {
            let team = try WorkerTeam(threadCount: 3, name: "brief-team")
            team.run(parts: 3) { _ in }
            #expect(statesOfThreads(named: "brief-team").count == 2)
        }
        #expect(waitUntil { statesOfThreads(named: "brief-team").isEmpty })
    }

    @Test(arguments: [0, -1, 5_000])
    func impossibleThreadCountsAreNamed(threadCount: Int) {
        let error = #expect(throws: SystemError.self) { _ = try WorkerTeam(threadCount: threadCount) }
        #expect(error?.description == "invalid thread count: got \(threadCount), expected 1 to 4096")
    }

    /// Scheduler states ("R", "S", …) of the threads of this process whose name starts with `prefix`.
    private func statesOfThreads(named prefix: String) -> [String] {
        let tasks = (try? Files.list("/proc/self/task")) ?? []
        return tasks.compactMap { task in
            guard let text = try? Files.readText("/proc/self/task/\(task)/stat"),
                let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"),
                text[text.index(after: open)...].hasPrefix(prefix)
            else { return nil }
            return text[text.index(after: close)...].split(separator: " ").first.map(String.init)
        }
    }

    private func waitUntil(_ condition: () -> Bool) -> Bool {
        let pause = ConditionVariable()
        let lock = Lock()
        for _ in 0..<2_000 {
            if condition() { return true }
            _ = lock.withLock { pause.wait(with: lock, timeoutNanoseconds: 5_000_000) }
        }
        return false
    }
}
