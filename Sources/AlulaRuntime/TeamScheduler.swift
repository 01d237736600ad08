// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem

/// Hands one worker team to the streams that compete for it, one plan step at a time: lower priority value first, then
/// first come.
final class TeamScheduler: Sendable {
    private struct Waiter {
        var priority: Int
        var ticket: UInt64
        var lease: TeamLease
    }

    private struct State {
        var isLeased = false
        var nextTicket: UInt64 = 0
        var waiting: [Waiter] = []
    }

    /// The team.
    let team: WorkerTeam
    private let state = Locked(State())

    init(team: WorkerTeam) {
        self.team = team
    }

    /// Leases that wait for the team now.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Blocks until the team belongs to `lease`. Waiting sleeps at once: spinning would steal a core from the team.
    func acquire(_ lease: TeamLease) {
        let signal = lease.grants.value
        let isMine = state.withLock { state in
            if !state.isLeased {
                state.isLeased = true
                return true
            }
            state.waiting.append(Waiter(priority: lease.priority, ticket: state.nextTicket, lease: lease))
            state.nextTicket += 1
            return false
        }
        if !isMine { lease.grants.wait(while: signal, spinNanoseconds: 0) }
    }

    /// Passes the team to the best waiter, or leaves it free.
    func release() {
        let next = state.withLock { state -> TeamLease? in
            let best = state.waiting.indices.min { left, right in
                let (left, right) = (state.waiting[left], state.waiting[right])
                return (left.priority, left.ticket) < (right.priority, right.ticket)
            }
            guard let best else {
                state.isLeased = false
                return nil
            }
            return state.waiting.remove(at: best).lease
        }
        next?.grants.advance()
    }
}

/// A stream's right to use its team, taken and given back around every step of a plan, so that a long inference on one
/// stream does not hold up another.
package final class TeamLease: Sendable {
    /// The stream's priority: lower goes first.
    package let priority: Int
    private let scheduler: TeamScheduler
    /// Counts the times the team was passed to this lease.
    fileprivate let grants = FutexWord()

    init(scheduler: TeamScheduler, priority: Int) {
        self.scheduler = scheduler
        self.priority = priority
    }

    /// Streams that wait for the team now.
    package var waitingCount: Int { scheduler.waitingCount }

    /// Members of the team, including the stream's own thread.
    package var threadCount: Int { scheduler.team.threadCount }

    /// Runs one step with the team to itself. Steps must not nest.
    package func step<Result, Failure: Error>(
        _ body: (WorkerTeam) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        scheduler.acquire(self)
        defer { scheduler.release() }
        return try body(scheduler.team)
    }

    /// Runs one step that consists of `parts` independent parts; as ``WorkerTeam/run(parts:body:)``.
    package func run(parts: Int, body: @Sendable (_ part: Int) -> Void) {
        step { team in team.run(parts: parts, body: body) }
    }

    /// As ``run(parts:body:)``, with one call for all parts of a member.
    package func runShares(ofParts parts: Int, body: @Sendable (_ parts: Range<Int>) -> Void) {
        step { team in team.runShares(ofParts: parts, body: body) }
    }
}
