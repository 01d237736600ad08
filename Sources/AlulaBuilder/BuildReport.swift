// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// What the builder did to a network and how each step of the plan runs.
public struct BuildReport: Sendable {
    /// One rewrite of the network.
    public struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// The pass that made it.
        public var pass: String
        /// What it did to which nodes.
        public var text: String
        /// Pass and text.
        public var description: String { "\(pass): \(text)" }
    }

    /// One step of the plan, measured at the shapes the engine is tuned for.
    public struct Step: Sendable {
        /// The names of the nodes in it, joined with ` + `.
        public var name: String
        /// The operator, and its stages if fused.
        public var operatorName: String
        /// The kernel's identifier; nil when the scalar reference runs.
        public var kernel: String?
        /// The types of the outputs; nil when they depend on the content of the inputs.
        public var outputs: [TensorType]?
        /// Floating-point operations of one run, a multiply-add counting two.
        public var floatingPointOperations: Int
        /// Bytes of all inputs and outputs.
        public var byteCount: Int
    }

    /// The tactics of one problem; several steps may pose the same.
    public struct TacticChoice: Sendable, Hashable {
        /// One tactic.
        public struct Candidate: Sendable, Hashable {
            /// Its name.
            public var name: String
            /// The shortest of several runs; nil when it was not timed.
            public var milliseconds: Double?
            /// Why it was not considered; nil when it was.
            public var rejection: String?
        }

        /// Operation and types.
        public var problem: String
        /// Floating-point operations of one run, a multiply-add counting two.
        public var floatingPointOperations: Int
        /// All tactics, quickest first.
        public var candidates: [Candidate]
    }

    /// All rewrites, in order.
    public var remarks: [Remark] = []
    /// All steps, in order.
    public var steps: [Step] = []

    /// The tactics of every problem, where they were timed.
    public var tactics: [TacticChoice] = []
    /// Times known before this build and made by it.
    public var timingCache = TimingCache()

    /// The steps for which there is no kernel: their cost is that of the scalar reference.
    public var referenceSteps: [Step] { steps.filter { $0.kernel == nil } }

    /// Floating-point operations of all steps.
    public var floatingPointOperations: Int { steps.reduce(0) { $0 + $1.floatingPointOperations } }
}

extension BuildReport: CustomStringConvertible {
    /// Rewrites and steps, one a line, then the steps on scalar references.
    public var description: String {
        var lines = remarks.map(\.description) + tactics.flatMap(\.lines)
        for step in steps {
            let cost = "\(step.floatingPointOperations) FLOP, \(step.byteCount) bytes"
            lines.append("\(step.name): \(step.operatorName): \(step.kernel ?? "scalar reference"), \(cost)")
        }
        let slow = referenceSteps
        if !slow.isEmpty {
            let cost = slow.reduce(0) { $0 + $1.floatingPointOperations }
            lines.append("\(slow.count) of \(steps.count) steps run scalar references (\(cost) FLOP)")
        }
        return lines.joined(separator: "\n")
    }
}

extension BuildReport.TacticChoice {
    /// The problem, then a line a candidate: time and GFLOP/s or the reason it was passed over, the quickest starred.
    fileprivate var lines: [String] {
        [problem]
            + candidates.enumerated().map { index, candidate in
                let mark = index == 0 ? "  * " : "    "
                if let rejection = candidate.rejection { return mark + "\(candidate.name): not timed, \(rejection)" }
                guard let milliseconds = candidate.milliseconds else { return mark + "\(candidate.name): the only one" }
                let gigaflops = Double(floatingPointOperations) / (milliseconds * 1e6)
                return mark + "\(candidate.name): \(rounded(milliseconds, 4)) ms, \(rounded(gigaflops, 1)) GFLOP/s"
            }
    }

    private func rounded(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { result, _ in result * 10 }
        return "\((value * scale).rounded() / scale)"
    }
}
