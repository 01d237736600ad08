// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars
internal import AlulaPointPillarsYAML
internal import AlulaSystem

/// Finds the network and the configuration of `alula detect` and builds them.
struct DetectModel {
    let options: DetectModelOptions
    let seed: UInt64
    /// Whether intermediate tensors are outputs.
    let showsTensors: Bool

    /// Whether the weights are made up, so that boxes mean nothing.
    var isGenerated: Bool { options.modelDir == nil && options.onnx == nil }

    /// The detector, with remarks on what it was made of.
    func load(threads: Int?) throws -> (detector: PointPillarsDetector, remarks: [String]) {
        var networkOptions = PointPillarsNetwork.Options()
        networkOptions.exploitsEmptyPillars = !options.dense
        networkOptions.showsTensors = showsTensors
        let network = try makeNetwork(networkOptions)
        var configuration = network.builderConfiguration()
        configuration.threadCount = threads
        // Without a cache every run would spend the time of many frames on choosing tactics.
        configuration.timesTactics = options.timingCache != nil
        if let path = options.timingCache, Files.exists(path) {
            configuration.timingCache = try TimingCache(contentsOf: path)
        }
        let progress = ProgressLine()
        defer { progress.clear() }
        let built = try Builder(configuration).buildWithReport(network.graph) { step in
            progress.show("building \(network.graph.name): \(step)")
            return true
        }
        progress.clear()
        if let path = options.timingCache, built.report.timingCache != configuration.timingCache {
            try built.report.timingCache.write(to: path)
        }
        var remarks = network.remarks
        if options.verbose { remarks.append("\(built.report)") }
        return (try PointPillarsDetector(plan: built.plan, configuration: network.configuration), remarks)
    }

    // MARK: - Network

    private func makeNetwork(_ networkOptions: PointPillarsNetwork.Options) throws -> PointPillarsNetwork {
        if let path = try options.onnx ?? endToEndInFolder() {
            let graph = try importGraph(path)
            return try PointPillarsNetwork(
                endToEnd: graph,
                configuration: try configuration(isNutonomy: graph.inputs.count == 3 && !hasPlugins(graph)),
                options: networkOptions
            )
        }
        guard let folder = options.modelDir else {
            return try PointPillarsNetwork(
                generatedFor: try configuration(isNutonomy: false),
                seed: seed,
                options: networkOptions
            )
        }
        let pillars = try importGraph("\(folder)/pfe.onnx")
        return try PointPillarsNetwork(
            pillarNetwork: pillars,
            backbone: try importGraph("\(folder)/\(options.rpn)"),
            configuration: try configuration(isNutonomy: pillars.inputs.count == 8),
            options: networkOptions
        )
    }

    /// The only model of a folder without a pillar network.
    private func endToEndInFolder() throws -> String? {
        guard let folder = options.modelDir, !Files.exists("\(folder)/pfe.onnx") else { return nil }
        let models = try list(folder).filter { $0.hasSuffix(".onnx") }
        guard models.count == 1 else {
            throw CommandError.badOption(
                option: "--model-dir",
                got: models.isEmpty ? "a folder without models" : "a folder with \(models.joined(separator: ", "))",
                expected: "pfe.onnx and rpn.onnx, or one end-to-end model; --onnx names one of several"
            )
        }
        return "\(folder)/\(models[0])"
    }

    private func hasPlugins(_ graph: Graph) -> Bool {
        graph.nodes.contains { graph[$0].operation is PillarScatter }
    }

    private func importGraph(_ path: String) throws -> Graph {
        var graph = try Graph(onnx: path, importers: .pointPillars)
        graph.name = path
        return graph
    }

    // MARK: - Configuration

    private func configuration(isNutonomy: Bool) throws -> PointPillarsConfiguration {
        var configuration = try chosenConfiguration(isNutonomy: isNutonomy)
        if let score = options.score { configuration.scoreThreshold = score }
        return configuration
    }

    private func chosenConfiguration(isNutonomy: Bool) throws -> PointPillarsConfiguration {
        let inFolder = try options.modelDir.map { folder in
            try list(folder).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.map { "\(folder)/\($0)" }
        }
        let only = inFolder.flatMap { $0.count == 1 ? $0[0] : nil }
        guard let name = options.config ?? only else {
            return try isNutonomy ? PointPillarsConfiguration.kittiCar() : PointPillarsConfiguration.kitti()
        }
        if let preset = PointPillarsConfiguration.preset(named: name) { return preset }
        guard Files.exists(name) else {
            throw CommandError.badOption(
                option: "--config",
                got: "'\(name)'",
                expected: "a YAML file or one of \(PointPillarsConfiguration.presetNames.joined(separator: ", "))"
            )
        }
        let text = String(decoding: try readFile(name), as: UTF8.self)
        return try PointPillarsConfiguration(yaml: text, name: name) { base in findBase(base, besides: name) }
    }

    /// A file that a configuration builds on: OpenPCDet's paths start at its `tools` folder, somewhere above.
    private func findBase(_ path: String, besides file: String) -> String? {
        var folder = file.contains("/") ? String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]) : "."
        for _ in 0..<8 {
            if let bytes = try? Files.read("\(folder)/\(path)") { return String(decoding: bytes, as: UTF8.self) }
            folder += "/.."
        }
        return nil
    }

    private func list(_ folder: String) throws(CommandError) -> [String] {
        do {
            return try Files.list(folder)
        } catch {
            throw .system(error)
        }
    }
}
