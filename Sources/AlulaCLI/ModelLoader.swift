// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// Turns build flags into a configuration, and a graph into a plan: the part `bench`, `build` and `inspect` share.
struct ModelLoader {
    var options: BuildOptions
    /// Threads the engine will run a step on; nil for every core.
    var threads: Int?

    /// The builder's configuration for `graph` from the shape and batch flags.
    ///
    /// Inputs with extents that vary get a profile: `--shapes` unless minimum, optimum and maximum are given. Extents that
    /// are not given follow from other inputs' where the model says they are equal, else they become 1.
    /// - Parameter loaded: shapes of inputs loaded from files, for those `--shapes` leaves out.
    func configuration(
        for graph: Graph,
        loaded: [String: Shape] = [:]
    ) throws(CommandError) -> BuilderConfiguration {
        var configuration = BuilderConfiguration()
        configuration.threadCount = threads
        configuration.isStrict = options.strict
        configuration.timesTactics = options.tactics
        if let maxBatch = options.maxBatch {
            guard maxBatch >= 1 else {
                throw .badOption(option: "--max-batch", got: "\(maxBatch)", expected: "1 or more")
            }
            configuration.batchMode = .implicit(maxBatchSize: maxBatch)
            return configuration
        }
        let given = try parseShapes(options.shapes, option: "--shapes")
        let least = try parseShapes(options.minShapes, option: "--min-shapes")
        let best = try parseShapes(options.optShapes, option: "--opt-shapes")
        let most = try parseShapes(options.maxShapes, option: "--max-shapes")
        try checkNames(
            [("--shapes", given), ("--min-shapes", least), ("--opt-shapes", best), ("--max-shapes", most)],
            graph
        )
        let run = given.merging(loaded) { given, _ in given }
        let extents = symbolExtents(of: graph, at: run)
        var profile = OptimizationProfile()
        for id in graph.inputs {
            let value = graph[id]
            guard let dimensions = value.dimensions, dimensions.contains(where: { $0.extent == nil }) else { continue }
            let fallback = Shape(dimensions.map { $0.extent ?? extents[$0] ?? 1 })
            let shape = run[value.name] ?? best[value.name] ?? most[value.name] ?? fallback
            profile.ranges[value.name] = OptimizationProfile.Range(
                min: least[value.name] ?? shape,
                opt: best[value.name] ?? shape,
                max: most[value.name] ?? shape
            )
        }
        if !profile.ranges.isEmpty { configuration.profiles = [profile] }
        return configuration
    }

    /// The extents that named symbols take at `shapes`.
    private func symbolExtents(of graph: Graph, at shapes: [String: Shape]) -> [Dimension: Int] {
        var extents: [Dimension: Int] = [:]
        for id in graph.inputs {
            guard let shape = shapes[graph[id].name], let dimensions = graph[id].dimensions,
                dimensions.count == shape.rank
            else { continue }
            for (dimension, extent) in zip(dimensions, shape) where dimension != .symbolic("") {
                extents[dimension] = extent
            }
        }
        return extents
    }

    private func checkNames(_ flags: [(String, [String: Shape])], _ graph: Graph) throws(CommandError) {
        let known = graph.inputs.map { graph[$0].name }
        for (option, shapes) in flags {
            for name in shapes.keys.sorted() where !known.contains(name) {
                throw .badOption(
                    option: option,
                    got: "input '\(name)'",
                    expected: "one of \(known.joined(separator: ", "))"
                )
            }
        }
    }

    /// Builds `graph`, showing progress on standard error.
    func build(_ graph: Graph, _ configuration: BuilderConfiguration) throws -> (plan: Plan, report: BuildReport) {
        var configuration = configuration
        if let path = options.timingCache, Files.exists(path) {
            configuration.timingCache = try TimingCache(contentsOf: path)
        }
        let progress = ProgressLine()
        defer { progress.clear() }
        let built = try Builder(configuration).buildWithReport(graph) { step in
            progress.show("building \(graph.name): \(step)")
            return true
        }
        progress.clear()
        if let path = options.timingCache, built.report.timingCache != configuration.timingCache {
            try built.report.timingCache.write(to: path)
        }
        if options.verbose { print(built.report) }
        return built
    }
}
