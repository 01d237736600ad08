// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Turns build flags into a configuration, and a graph into a plan: the part `bench`, `build` and `inspect` share.
struct ModelLoader {
    var options: BuildOptions

    /// The builder's configuration for `graph` from the shape and batch flags.
    ///
    /// Inputs with extents that vary get a profile: `--shapes` (extents that are not given become 1) unless minimum,
    /// optimum and maximum are given.
    func configuration(for graph: Graph) throws(CommandError) -> BuilderConfiguration {
        var configuration = BuilderConfiguration()
        if let maxBatch = options.maxBatch {
            guard maxBatch >= 1 else {
                throw .badOption(option: "--max-batch", got: "\(maxBatch)", expected: "1 or more")
            }
            configuration.batchMode = .implicit(maxBatchSize: maxBatch)
            return configuration
        }
        let run = try parseShapes(options.shapes ?? "", option: "--shapes")
        let least = try parseShapes(options.minShapes ?? "", option: "--min-shapes")
        let best = try parseShapes(options.optShapes ?? "", option: "--opt-shapes")
        let most = try parseShapes(options.maxShapes ?? "", option: "--max-shapes")
        try checkNames(
            [("--shapes", run), ("--min-shapes", least), ("--opt-shapes", best), ("--max-shapes", most)],
            graph
        )
        var profile = OptimizationProfile()
        for id in graph.inputs {
            let value = graph[id]
            guard let dimensions = value.dimensions, dimensions.contains(where: { $0.extent == nil }) else { continue }
            let fallback = Shape(dimensions.map { $0.extent ?? 1 })
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
        let progress = ProgressLine()
        defer { progress.clear() }
        let built = try Builder(configuration).buildWithReport(graph) { step in
            progress.show("building \(graph.name): \(step)")
            return true
        }
        progress.clear()
        if options.verbose { print(built.report) }
        return built
    }
}
