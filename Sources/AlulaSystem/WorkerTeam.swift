// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A fixed set of threads that run the parts of one piece of work together.
///
/// The thread that calls ``run(parts:body:)`` is member 0 and does its share; the other `threadCount - 1` members are own
/// threads. Work is split statically. Between pieces of work members spin for a moment, then sleep on a futex; they never
/// spin when the team has more members than the process has cores.
package final class WorkerTeam: Sendable {
    /// Members, including the calling thread.
    package let threadCount: Int

    private let shared: Shared
    private let threads: [Thread]

    /// How long a member looks for the next piece of work before it sleeps: longer than the gap between two steps of a
    /// plan, far below the millisecond after which an idle thread must sleep.
    package static let defaultSpinNanoseconds: UInt64 = 50_000

    /// Starts `threadCount - 1` threads.
    /// - Parameter spinNanoseconds: how long a waiting member spins; zero when nil and the team is larger than the machine.
    /// - Throws: ``SystemError/threadNotStarted(name:errorNumber:)``, ``SystemError/invalidArgument(name:got:expected:)``.
    package init(
        threadCount: Int,
        name: String = "alula-team",
        spinNanoseconds: UInt64? = nil
    ) throws(SystemError) {
        guard (1...4096).contains(threadCount) else {
            throw .invalidArgument(name: "thread count", got: "\(threadCount)", expected: "1 to 4096")
        }
        let fits = threadCount <= CPUTopology.current.usableCoreCount
        let shared = Shared(spinNanoseconds: spinNanoseconds ?? (fits ? Self.defaultSpinNanoseconds : 0))
        var threads: [Thread] = []
        for member in 1..<max(1, threadCount) {
            do {
                threads.append(
                    try Thread(name: "\(name)-\(member)") { shared.serve(member: member, of: threadCount) }
                )
            } catch {
                shared.stop()
                throw error
            }
        }
        self.threadCount = threadCount
        self.shared = shared
        self.threads = threads
    }

    deinit {
        shared.stop()
        for thread in threads { thread.join() }
    }

    /// Runs `body(part)` once for every part in `0..<parts` and returns when all have ended.
    ///
    /// Member `m` runs the contiguous parts `m * parts / threadCount ..< (m + 1) * parts / threadCount`, in order. What the
    /// parts wrote is visible to the caller afterwards. One caller at a time; `body` must not call `run` of the same team.
    package func run(parts: Int, body: @Sendable (_ part: Int) -> Void) {
        runShares(ofParts: parts) { for part in $0 { body(part) } }
    }

    /// As ``run(parts:body:)``, with one call for all parts of a member.
    package func runShares(ofParts parts: Int, body: @Sendable (_ parts: Range<Int>) -> Void) {
        guard threadCount > 1, parts > 1 else {
            if parts > 0 { body(0..<parts) }
            return
        }
        withoutActuallyEscaping(body) { body in
            shared.run(parts: parts, threadCount: threadCount, body: body)
        }
    }
}

/// What the members of a team share. Kept apart from the team so that its threads do not keep the team alive.
///
/// - Safety: The caller of `run` writes `work` while no member reads it: before it advances `generation`, which members wait
///   for, and after `unfinished` has reached zero, which each of them counts down when it has let go.
@safe
private final class Shared: Sendable {
    private struct Work {
        var parts = 0
        var body: (@Sendable (Range<Int>) -> Void)?
    }

    private let spinNanoseconds: UInt64
    /// Counts pieces of work; members wait for it to change.
    private let generation = FutexWord()
    /// Members that have not finished the current piece; the caller waits for zero.
    private let unfinished = FutexWord()
    private let work = HeapCell(Work(), alignment: 128)
    private let isRunning = Atomic(false)
    private let isStopping = Atomic(false)

    init(spinNanoseconds: UInt64) {
        self.spinNanoseconds = spinNanoseconds
    }

    func run(parts: Int, threadCount: Int, body: @escaping @Sendable (Range<Int>) -> Void) {
        precondition(!isRunning.exchange(true, ordering: .acquiring), "a worker team runs one piece of work at a time")
        unsafe work.address.pointee = Work(parts: parts, body: body)
        unfinished.publish(UInt32(threadCount - 1))
        generation.advance()
        Self.runShare(of: 0, parts: parts, threadCount: threadCount, body: body)
        while true {
            let count = unfinished.value
            if count == 0 { break }
            unfinished.wait(while: count, spinNanoseconds: spinNanoseconds)
        }
        unsafe work.address.pointee.body = nil
        isRunning.store(false, ordering: .releasing)
    }

    func serve(member: Int, of threadCount: Int) {
        var seen: UInt32 = 0
        while true {
            seen = generation.wait(while: seen, spinNanoseconds: seen == 0 ? 0 : spinNanoseconds)
            if isStopping.load(ordering: .acquiring) { return }
            runCurrentShare(of: member, threadCount: threadCount)
            unfinished.countDown()
        }
    }

    /// A call of its own, so that the reference to the caller's closure is gone before the caller may return.
    @inline(never)
    private func runCurrentShare(of member: Int, threadCount: Int) {
        let work = unsafe work.address.pointee
        guard let body = work.body else { return }
        Self.runShare(of: member, parts: work.parts, threadCount: threadCount, body: body)
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        generation.advance()
    }

    private static func runShare(of member: Int, parts: Int, threadCount: Int, body: @Sendable (Range<Int>) -> Void) {
        let share = member * parts / threadCount..<(member + 1) * parts / threadCount
        if !share.isEmpty { body(share) }
    }
}
