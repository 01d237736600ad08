// SPDX-License-Identifier: Apache-2.0

/// A tactic with the time it takes, measured or estimated.
package struct TimedTactic: Sendable {
    package var tactic: KernelTactic
    package var nanoseconds: Double

    package init(_ tactic: KernelTactic, nanoseconds: Double) {
        self.tactic = tactic
        self.nanoseconds = nanoseconds
    }
}

extension KernelCatalogue {
    /// The tactics for `problem` that were timed, with their times; all tactics with estimates where none was.
    ///
    /// - Parameters:
    ///   - timings: nanoseconds by ``KernelProblem/key`` and tactic name. Names this machine has no tactic for are passed
    ///     over.
    ///   - isStrict: whether tactics that trade accuracy for speed are left out.
    package func timedTactics(
        for problem: KernelProblem,
        timings: [String: [String: Double]],
        isStrict: Bool
    ) -> [TimedTactic] {
        let tactics = tactics(for: problem).filter { $0.isExact || !isStrict }
        if !timings.isEmpty, let known = timings[problem.key] {
            let timed = tactics.compactMap { tactic in
                known[tactic.name].map { TimedTactic(tactic, nanoseconds: $0) }
            }
            if !timed.isEmpty { return timed }
        }
        return tactics.map { TimedTactic($0, nanoseconds: $0.estimatedNanoseconds) }
    }
}
