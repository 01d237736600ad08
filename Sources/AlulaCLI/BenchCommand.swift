// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import ArgumentParser

/// `alula bench`: build or load a model, run it, report where the time goes.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a model with trtexec's definitions, or run the two experiments on asynchronous timing."
    )

    @OptionGroup var model: ModelOptions
    @OptionGroup var build: BuildOptions
    @OptionGroup var options: BenchOptions

    @Flag(help: "Time execute_async, _v2 and _v3 with and without synchronizing; runs PointPillars' RPN by default.")
    var experiments = false

    func run() throws {
        if experiments {
            try ExperimentsCommand(model: model, build: build, options: options).run()
            return
        }
        let loaded = try loadTensors(options.loadInputs, option: "--load-inputs")
        let loadStart = MonotonicClock.nowNanoseconds()
        let plan = try loadPlan(loaded.mapValues(\.shape))
        let planMs = Double(MonotonicClock.nowNanoseconds() - loadStart) / 1e6
        let call = try chooseCall(for: plan)
        let engine = try Engine(plan)
        let threads = options.threads ?? CPUTopology.current.usableCoreCount
        let device = try Device.cpu(threads: threads, teams: min(options.streams, threads))
        let inputs = try BenchInputs.make(
            for: plan,
            loaded: loaded,
            shapes: try parseShapes(build.shapes, option: "--shapes"),
            batch: options.batch
        )
        let makeStart = MonotonicClock.nowNanoseconds()
        // Without synchronizing, every stream has a second slot: the next inference is enqueued while one runs.
        let streams = try (0..<options.streams).map { _ in try device.makeStream() }
        let slotCount = options.sync == .on ? 1 : 2
        let lanes = try (0..<slotCount * streams.count).map { index in
            try BenchLane(
                engine: engine,
                on: device,
                stream: streams[index % streams.count],
                call: call,
                inputs: inputs,
                batch: options.batch,
                hostMemory: options.hostMemory
            )
        }
        let contextMs = lanes.reduce(0) { $0 + $1.contextMilliseconds }
        let makeMs = Double(MonotonicClock.nowNanoseconds() - makeStart) / 1e6
        print(
            "\(model.plan == nil ? "Built" : "Loaded") \(plan.name) in \(format(planMs, digits: 2)) ms; "
                + "contexts with compiled kernels in \(format(contextMs, digits: 2)) ms, "
                + "buffers in \(format(makeMs - contextMs, digits: 2)) ms"
        )
        if let count = options.enqueueOnly {
            try measureEnqueue(lanes[0], count, call)
            return
        }
        let result = try runner(lanes).run()
        let profile =
            options.profileLayers
            ? try LayerProfile.measure(
                lanes[0],
                try engine.layers(inputShapes: engine.inputShapes(of: inputs)),
                try MachinePeaks.measureRoofline(threadCount: max(1, threads / options.streams)),
                expectedMilliseconds: LatencySummary(result.times.map(\.computeMs)).median
            ) : nil
        try report(result, device, call, lanes, plan, profile)
    }

    // MARK: - Preparing

    private func loadPlan(_ loaded: [String: Shape]) throws -> Plan {
        if let path = model.plan { return try Plan(contentsOf: path) }
        guard let path = model.onnx else {
            throw CommandError.badOption(
                option: "--onnx, --plan, --experiments",
                got: "none",
                expected: "a model to run, or --experiments"
            )
        }
        let threads = options.threads ?? CPUTopology.current.usableCoreCount
        let loader = ModelLoader(options: build, threads: max(1, threads / options.streams))
        let graph = try Graph(onnx: path)
        var configured = try loader.configuration(for: graph, loaded: loaded)
        if options.api == .v1, build.maxBatch == nil { configured.useImplicitBatch(options.batch) }
        return try loader.build(graph, configured).plan
    }

    private func chooseCall(for plan: Plan) throws(CommandError) -> ExecuteCall {
        guard case .implicit(let maxBatchSize) = plan.batchMode else {
            guard options.batch == 1 else {
                throw .badOption(
                    option: "--batch",
                    got: "\(options.batch) for an explicit-batch engine",
                    expected: "1: its shapes hold the batch (use --shapes, or --max-batch to build with implicit batch)"
                )
            }
            return options.api ?? .v3
        }
        guard options.batch <= maxBatchSize else {
            throw .badOption(option: "--batch", got: "\(options.batch)", expected: "1 to \(maxBatchSize)")
        }
        return options.api ?? .v1
    }

    private func runner(_ lanes: [BenchLane]) -> BenchRunner {
        // With neither flag: at least ten inferences and three seconds. One flag alone decides alone.
        let isFree = options.iterations == nil && options.duration == nil
        return BenchRunner(
            lanes: lanes,
            streamCount: options.streams,
            warmup: options.warmup,
            minIterations: options.iterations ?? (isFree ? 10 : 1),
            minNanoseconds: UInt64((options.duration ?? (isFree ? 3 : 0)) * 1e9),
            synchronizes: options.sync == .on
        )
    }

    /// Times calls twice and reports the second time: the first one makes room for so many commands in flight.
    private func measureEnqueue(_ lane: BenchLane, _ count: Int, _ call: ExecuteCall) throws {
        _ = try lane.timeEnqueues(count)
        let summary = LatencySummary(try lane.timeEnqueues(count).map { $0 * 1e3 })
        print(
            "\(call.pythonName): \(count) calls, stream held back: "
                + "min \(format(summary.min, digits: 2)) µs, median \(format(summary.median, digits: 2)) µs, "
                + "p90 \(format(summary.p90, digits: 2)) µs, p99 \(format(summary.p99, digits: 2)) µs, "
                + "max \(format(summary.max, digits: 2)) µs"
        )
    }

    // MARK: - Reporting

    private func report(
        _ result: (times: [InferenceTimes], hostWalltimeSeconds: Double),
        _ device: Device,
        _ call: ExecuteCall,
        _ lanes: [BenchLane],
        _ plan: Plan,
        _ profile: LayerProfile?
    ) throws {
        let report = BenchReport(
            mode: BenchReport.Mode(
                model: model.onnx ?? model.plan ?? plan.name,
                api: call.pythonName,
                threads: device.threadCount,
                streams: options.streams,
                batch: options.batch,
                synchronized: options.sync == .on,
                hostMemory: options.hostMemory.rawValue,
                warmupIterations: options.warmup
            ),
            times: result.times,
            hostWalltimeSeconds: result.hostWalltimeSeconds,
            layers: profile?.rows
        )
        if build.verbose { report.printTrace() }
        report.printSummary()
        if let peak = ProcessMemory.peakResidentByteCount { print("Peak memory: \(peak >> 20) MiB resident") }
        profile?.printTable()
        if let directory = options.saveOutputs { try save(try lanes[0].outputs(), to: directory) }
        if let path = options.json { try report.writeJSON(to: path) }
    }

    /// Writes `<name>.npy` for each output; slashes in names become underscores.
    private func save(_ outputs: [(name: String, tensor: Tensor)], to directory: String) throws(CommandError) {
        do {
            try Files.makeDirectory(directory)
        } catch {
            throw .system(error)
        }
        for (name, tensor) in outputs {
            let file = String(name.map { $0 == "/" ? "_" : $0 })
            try NumPyFile.write(tensor, path: "\(directory)/\(file).npy")
        }
    }
}

extension Engine {
    /// The shapes of `inputs`, which hold one tensor an input, in the order of the bindings.
    fileprivate func inputShapes(of inputs: [String: Tensor]) -> [Shape] {
        bindings.filter { $0.mode == .input }.compactMap { inputs[$0.name]?.shape }
    }
}

extension BuilderConfiguration {
    /// Switches to implicit batch with room for `batch`.
    mutating func useImplicitBatch(_ batch: Int) {
        batchMode = .implicit(maxBatchSize: batch)
        profiles = []
    }
}
