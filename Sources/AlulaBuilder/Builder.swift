// SPDX-License-Identifier: Apache-2.0

public import AlulaGraph
internal import AlulaOperators
public import AlulaPlan
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
        return try Lowering(result.graph, configuration, result.context).run()
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
