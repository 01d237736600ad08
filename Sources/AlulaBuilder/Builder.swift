// SPDX-License-Identifier: Apache-2.0

public import AlulaGraph
internal import AlulaKernels
internal import AlulaOperators
public import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// Turns a network into a plan: checks shapes, rewrites the graph, lowers it to steps.
///
/// A value without state: one builder may build several networks, on any threads. TensorRT counterpart: `IBuilder`.
public struct Builder: Sendable {
    /// What to build for.
    public var configuration: BuilderConfiguration

    /// A builder for `configuration`.
    public init(_ configuration: BuilderConfiguration = BuilderConfiguration()) { self.configuration = configuration }

    /// Builds `graph`.
    ///
    /// Blocks the calling thread. Inside a task that is cancelled, the build stops at the next phase.
    /// - Parameter progress: called before every phase on the calling thread; false stops the build.
    /// - Throws: ``BuilderError/cancelled(_:)`` when stopped; for bad networks the first problem, naming the node.
    /// - Note: TensorRT: `IBuilder::buildSerializedNetwork`, `IProgressMonitor`.
    public func build(
        _ graph: Graph,
        progress: (BuildProgress) -> Bool = { _ in true }
    ) throws(BuilderError) -> Plan {
        try buildWithReport(graph, progress: progress).plan
    }

    /// Builds `graph` and says what was done; see ``build(_:progress:)``.
    public func buildWithReport(
        _ graph: Graph,
        progress: (BuildProgress) -> Bool = { _ in true }
    ) throws(BuilderError) -> (plan: Plan, report: BuildReport) {
        let result = try optimize(graph, progress: progress)
        var lowered = try Lowering(result.graph, configuration, result.context).run()
        lowered.plan.isStrict = configuration.isStrict
        try chooseTactics(&lowered.plan, &lowered.report, at: shapesToTuneFor(result.context.probes), progress)
        if Environment.value("ALULA_VERBOSE") == "1" { Terminal.writeToStandardError("\(lowered.report)\n") }
        return lowered
    }

    /// The optimum of every profile; with implicit batch the largest batch and a single one.
    private func shapesToTuneFor(_ probes: [ShapeProbe]) -> [[Shape]] {
        let chosen: [ShapeProbe]
        switch configuration.batchMode {
        case .implicit: chosen = probes.count > 1 ? [probes[0], probes[probes.count - 1]] : probes
        case .explicit: chosen = stride(from: 0, to: probes.count, by: 3).map { probes[$0] }  // opt, min, max of each
        }
        return chosen.map(\.shapes)
    }

    /// Times tactics at the shapes to tune for, and notes in the report how each step runs at the first of them.
    private func chooseTactics(
        _ plan: inout Plan,
        _ report: inout BuildReport,
        at shapesToTuneFor: [[Shape]],
        _ progress: (BuildProgress) -> Bool
    ) throws(BuilderError) {
        let tuned = shapesToTuneFor.compactMap { try? PlanShapes(plan, inputShapes: $0) }
        guard let first = tuned.first else { return }
        let stepCount = plan.steps.count
        guard configuration.timesTactics else {
            let assignment = LayoutAssignment(plan, first, .standard)
            return report.note(assignment, first, inputShapes: shapesToTuneFor[0])
        }
        try withoutActuallyEscaping(progress) { progress throws(BuilderError) in
            var last = BuildProgress(phase: "time tactics", completed: 0, total: stepCount)
            let timer: TacticTimer
            do {
                timer = try TacticTimer(.standard, configuration) { name in
                    last.phase = "time tactics: \(name)"
                    last.completed += 1
                    return progress(last) && !Task.isCancelled
                }
            } catch {
                throw .threads(count: configuration.threadCount ?? 0, reason: "\(error)")
            }
            let assignments = tuned.map { LayoutAssignment(plan, $0, .standard, timed: { timer.timed($0) }) }
            if timer.isCancelled { throw .cancelled(last) }
            plan.timings = timer.timings
            report.tactics = timer.reports
            report.timingCache = timer.cache
            report.note(assignments[0], first, inputShapes: shapesToTuneFor[0])
        }
    }

    /// Checks `graph` and runs all passes over it, without lowering it.
    package func optimize(
        _ source: Graph,
        progress: (BuildProgress) -> Bool = { _ in true }
    ) throws(BuilderError) -> (graph: Graph, context: PassContext) {
        var graph = source
        var phases = BuildPhases(total: configuration.passes.count + 2)
        try phases.enter("check", progress)
        do { try graph.verify() } catch { throw .invalidNetwork(error) }
        try checkOperators(graph)
        let probes = try configuration.prepareProbes(&graph)
        var context = PassContext(probes: probes, configuration: configuration)
        _ = try context.inferTypes(graph)
        for pass in configuration.passes {
            try phases.enter(pass.name, progress)
            context.passName = pass.name
            try pass.run(&graph, &context)
            do { try graph.verify() } catch { throw .brokenByPass(pass: pass.name, error) }
        }
        try phases.enter("lower", progress)
        return (graph, context)
    }

    /// An operator that is not registered could be built but never loaded.
    private func checkOperators(_ graph: Graph) throws(BuilderError) {
        let known = Set(configuration.registry.names).union([Fused.name])
        for id in graph.nodes where !known.contains(graph[id].operation.name) {
            throw .unregisteredOperator(node: graph[id].name, operator: graph[id].operation.name)
        }
    }
}

/// Counts phases, reports each one, and stops when asked to.
struct BuildPhases {
    private var completed = 0
    private let total: Int

    init(total: Int) { self.total = total }

    mutating func enter(_ phase: String, _ report: (BuildProgress) -> Bool) throws(BuilderError) {
        let progress = BuildProgress(phase: phase, completed: completed, total: total)
        guard report(progress), !Task.isCancelled else { throw .cancelled(progress) }
        completed += 1
    }
}

extension BuildReport {
    /// Fills in the kernels that steps run by.
    fileprivate mutating func note(_ assignment: LayoutAssignment, _ shapes: PlanShapes, inputShapes: [Shape]) {
        let instance = try? PlanInstance(assignment, shapes, inputShapes: inputShapes) { index, _ in
            assignment.choices[index]?.kernel.acceptsStridedOutput ?? false
        }
        var kernels: [String: String] = [:]
        for step in assignment.plan.steps { kernels[step.name] = "nothing: resolved beforehand, or in place" }
        for running in instance?.steps ?? [] {
            let name = assignment.plan.steps[running.planIndex].name
            if case .copies = running.form {
                kernels[name] = "copy"
            } else {
                let operation = assignment.plan.steps[running.planIndex].operation
                let ownParts = operation is any PartitionedOperator ? "\(operation.name)__own" : nil
                kernels[name] = assignment.choices[running.planIndex]?.kernel.identifier ?? ownParts
            }
        }
        for index in steps.indices { steps[index].kernel = kernels[steps[index].name] }
    }
}
