// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor

/// Times the tactics of problems on the team that will run them.
///
/// A tactic competes when its estimate is within reach of the best one; each of those runs on operands of its own until the
/// clock has seen enough. Times come from the cache where it knows them. Not `Sendable`: one timer belongs to one build.
final class TacticTimer {
    /// Times known before and made now.
    private(set) var cache: TimingCache
    /// What was tried, in order of first appearance.
    private(set) var reports: [BuildReport.TacticChoice] = []

    private let catalogue: KernelCatalogue
    private let machine: String
    private let team: WorkerTeam
    private let isStrict: Bool
    private let displacement: CacheDisplacement
    private var known: [String: [TimedTactic]] = [:]
    /// Called with the problem before it is timed; false stops timing.
    private let willTime: (String) -> Bool
    /// Whether ``willTime`` asked to stop.
    private(set) var isCancelled = false

    /// A tactic whose estimate is worse than the best by more than this is not timed.
    private static let pruningFactor = 3.0
    /// Tactics of one problem that are timed.
    private static let candidateLimit = 12
    /// Each tactic runs at least this often after one run for warm-up…
    private static let minimumRunCount = 3
    /// …and until this has passed.
    private static let timingNanoseconds: UInt64 = 4_000_000
    /// Constants that are more than this are read from beyond the second-level cache in a network.
    private static let coldConstantByteCount = 128 << 10

    init(
        _ catalogue: KernelCatalogue,
        _ configuration: BuilderConfiguration,
        willTime: @escaping (String) -> Bool
    ) throws(SystemError) {
        self.catalogue = catalogue
        let threadCount = configuration.threadCount ?? CPUTopology.current.usableCoreCount
        team = try WorkerTeam(threadCount: threadCount, name: "alula-tactics")
        displacement = CacheDisplacement(threadCount: threadCount)
        machine = TimingCache.machine(threadCount: threadCount, isa: KernelCatalogue.targetName)
        cache = configuration.timingCache
        isStrict = configuration.isStrict
        self.willTime = willTime
    }

    /// The tactics worth considering with their times: measured, or estimated where there is nothing to choose.
    func timed(_ problem: KernelProblem) -> [TimedTactic] {
        let key = problem.key
        if let known = known[key] { return known }
        let all = catalogue.tactics(for: problem).filter { $0.isExact || !isStrict }
        let candidates = pruned(all)
        let result =
            candidates.count > 1 && !isCancelled
            ? measured(candidates, problem, key)
            : candidates.map { TimedTactic($0, nanoseconds: $0.estimatedNanoseconds) }
        known[key] = result
        report(problem, all, result)
        return result
    }

    private func pruned(_ tactics: [KernelTactic]) -> [KernelTactic] {
        let sorted = tactics.sorted { $0.estimatedNanoseconds < $1.estimatedNanoseconds }
        guard let best = sorted.first else { return [] }
        let limit = best.estimatedNanoseconds * Self.pruningFactor
        return Array(sorted.prefix { $0.estimatedNanoseconds <= limit }.prefix(Self.candidateLimit))
    }

    private func measured(_ candidates: [KernelTactic], _ problem: KernelProblem, _ key: String) -> [TimedTactic] {
        let before = cache.timings(of: key, on: machine)
        if candidates.contains(where: { before[$0.name] == nil }), !willTime(problem.operation.name) {
            isCancelled = true
            return candidates.map { TimedTactic($0, nanoseconds: $0.estimatedNanoseconds) }
        }
        return candidates.compactMap { tactic in
            if let nanoseconds = before[tactic.name] { return TimedTactic(tactic, nanoseconds: nanoseconds) }
            guard let nanoseconds = nanoseconds(tactic, problem) else { return nil }
            cache.record(nanoseconds, of: tactic.name, for: key, on: machine)
            return TimedTactic(tactic, nanoseconds: nanoseconds)
        }
    }

    /// The shortest of several runs on the team; nil when the kernel cannot be made.
    ///
    /// Constants are as far away as in a network, where other layers run in between; operands are as near as the layer
    /// before leaves them.
    private func nanoseconds(_ tactic: KernelTactic, _ problem: KernelProblem) -> Double? {
        guard let made = tactic.make() else { return nil }
        let kernel = made.prepared(constants: problem.constants, packed: PackedConstants())
        let inputs = problem.inputs.enumerated().map { index, type in
            problem.constants[index]
                ?? type.map { Self.operand($0, tactic.inputLayouts, index, isSparse: problem.isSparse(index)) }
        }
        let outputs = problem.outputs.enumerated().map { index, type -> Tensor? in
            Self.operand(type, [tactic.outputLayout], index, isSparse: false)
        }
        let partCount = kernel.partCount
        let addressed = kernel.addressed
        func run() -> UInt64 {
            let start = MonotonicClock.nowNanoseconds()
            if let addressed, let operands = KernelOperands(inputs: inputs, outputs: outputs) {
                team.runShares(ofParts: partCount) { addressed.run(parts: $0, operands: operands) }
                withExtendedLifetime((inputs, outputs)) {}
            } else {
                team.runShares(ofParts: partCount) { kernel.run(parts: $0, inputs: inputs, outputs: outputs) }
            }
            return MonotonicClock.nowNanoseconds() - start
        }
        let constantByteCount = problem.constants.reduce(0) { $0 + ($1?.byteCount ?? 0) }
        let isCold = constantByteCount > Self.coldConstantByteCount
        let operands = zip(inputs, problem.constants).compactMap { $1 == nil ? $0 : nil }
        _ = run()
        let start = MonotonicClock.nowNanoseconds()
        var (shortest, count) = (UInt64.max, 0)
        while count < Self.minimumRunCount || MonotonicClock.nowNanoseconds() - start < Self.timingNanoseconds {
            if isCold { displacement.displaceConstants(keeping: operands, on: team) }
            shortest = min(shortest, max(run(), 1))
            count += 1
        }
        return Double(shortest)
    }

    /// A tensor to run on: small numbers where the type is float32, zeros elsewhere.
    ///
    /// A sparse operand has numbers on one sixteenth of its positions, in squares, as a LiDAR sees a street in clusters.
    private static func operand(
        _ type: TensorType,
        _ layouts: [TensorLayout],
        _ index: Int,
        isSparse: Bool
    ) -> Tensor {
        let layout = layouts.indices.contains(index) ? layouts[index] : .planar
        let tensor = Tensor(zeros: type.dataType, shape: layout.storedShape(type.shape))
        guard type.dataType == .float32 else { return tensor }
        var elements = tensor.mutableSpan(of: Float.self)
        var state: UInt32 = 1
        let width = max(type.shape.last ?? 1, 1)
        let positionLength = if case .blocked(let lanes) = layout { lanes } else { 1 }
        let squareExtent = 16
        for index in 0..<elements.count {
            let (row, column) = (index / positionLength).quotientAndRemainder(dividingBy: width)
            if isSparse, (row / squareExtent + column / squareExtent) % 16 != 0 { continue }
            state = state &* 1_664_525 &+ 1_013_904_223
            elements[index] = Float(state >> 8) * 0x1p-24 - 0.5
        }
        return tensor
    }

    private func report(_ problem: KernelProblem, _ all: [KernelTactic], _ timed: [TimedTactic]) {
        let best = all.map(\.estimatedNanoseconds).min() ?? 0
        let isMeasured = timed.count > 1
        let candidates = all.map { tactic in
            let time = timed.first { $0.tactic.name == tactic.name }?.nanoseconds
            return BuildReport.TacticChoice.Candidate(
                name: tactic.name,
                milliseconds: isMeasured ? time.map { $0 / 1e6 } : nil,
                rejection: time == nil
                    ? "estimate \(Self.ratio(tactic.estimatedNanoseconds, best)) times the best" : nil
            )
        }
        reports.append(
            BuildReport.TacticChoice(
                problem: problem.key,
                floatingPointOperations: problem.operation.floatingPointOperations(
                    inputs: problem.inputs,
                    outputs: problem.outputs
                ),
                candidates: candidates.sorted { ($0.milliseconds ?? .infinity) < ($1.milliseconds ?? .infinity) }
            )
        )
    }

    private static func ratio(_ value: Double, _ best: Double) -> String {
        best > 0 ? "\((value / best * 10).rounded() / 10)" : "?"
    }

    /// The measured times of all problems: nanoseconds by problem and tactic, for the plan.
    var timings: [String: [String: Double]] {
        known.compactMapValues { timed in
            timed.count < 2
                ? nil : Dictionary(timed.map { ($0.tactic.name, $0.nanoseconds) }) { first, _ in first }
        }
    }
}
