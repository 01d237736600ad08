// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars
internal import AlulaSystem

/// The two experiments on asynchronous timing: one network, three execute calls, with and without synchronizing.
///
/// Each run is timed the way scripts do it: the clock starts before the inputs are copied and stops after the last call.
/// Experiment 1 waits for the stream before it stops the clock; experiment 2 does not. Beside them, events on the stream
/// tell what really happened.
struct ExperimentsCommand {
    var model: ModelOptions
    var build: BuildOptions
    var options: BenchOptions

    /// The runs of one call in one experiment.
    struct Series {
        var call: ExecuteCall
        /// What the script's clock showed, milliseconds, by run.
        var clockMs: [Double] = []
        /// What the stream's events tell of the same runs.
        var times: [InferenceTimes] = []
        /// The first run, not counted: kernels meet their memory for the first time.
        var warmupMs = 0.0
    }

    private var runCount: Int { options.iterations ?? 5 }

    func run() throws {
        guard model.plan == nil else {
            throw CommandError.badOption(
                option: "--experiments --plan",
                got: "a plan",
                expected: "--onnx or no model: the experiments need one engine with and one without implicit batch"
            )
        }
        let graph = try makeGraph()
        let device = try Device.cpu(threads: options.threads)
        let plans = try buildPlans(graph)
        try printHeader(graph, plans.explicit, device)

        let lanes = try makeLanes(plans, device, .pinned)
        let pageable = try makeLanes(plans, device, .pageable)
        var synchronized: [Series] = []
        var unsynchronized: [Series] = []
        for lane in lanes { synchronized.append(try series(lane, synchronizes: true, label: "experiment 1")) }
        for lane in lanes { unsynchronized.append(try series(lane, synchronizes: false, label: "experiment 2")) }
        let hidden = try series(pageable[1], synchronizes: false, label: "pageable copies")

        let report = ExperimentsReport(
            synchronized: synchronized,
            unsynchronized: unsynchronized,
            pageable: hidden,
            outputByteCount: plans.outputByteCount
        )
        report.printTables()
        if let path = options.json { try report.writeJSON(to: path, model: model.onnx ?? graph.name) }
    }

    // MARK: - Engines

    private func makeGraph() throws -> Graph {
        guard let path = model.onnx else { return RPNGenerator().graph(batch: .symbolic("N")) }
        return try Graph(onnx: path)
    }

    private struct Plans {
        var implicit: Plan
        var explicit: Plan
        var outputByteCount: Int
    }

    private func buildPlans(_ graph: Graph) throws -> Plans {
        let loader = ModelLoader(options: build, threads: options.threads)
        var implicit = try loader.configuration(for: graph)
        implicit.useImplicitBatch(1)
        let explicit = try loader.configuration(for: graph)
        let plans = (
            implicit: try loader.build(graph, implicit).plan,
            explicit: try loader.build(graph, explicit).plan
        )
        let facts = try Inspection(of: plans.explicit, path: "", shapes: [])
        let outputs = facts.bindings.filter { $0.mode == "output" }
        let byteCount = outputs.reduce(0) { $0 + ($1.shape ?? []).reduce(4, *) }
        return Plans(implicit: plans.implicit, explicit: plans.explicit, outputByteCount: byteCount)
    }

    private func makeLanes(_ plans: Plans, _ device: Device, _ kind: HostMemoryKind) throws -> [BenchLane] {
        let loaded = try loadTensors(options.loadInputs, option: "--load-inputs")
        let stream = try device.makeStream(name: "experiments-\(kind.rawValue)")
        let engines = (implicit: try Engine(plans.implicit), explicit: try Engine(plans.explicit))
        return try ExecuteCall.allCases.map { call in
            let plan = call == .v1 ? plans.implicit : plans.explicit
            return try BenchLane(
                engine: call == .v1 ? engines.implicit : engines.explicit,
                on: device,
                stream: stream,
                call: call,
                inputs: try BenchInputs.make(for: plan, loaded: loaded, shapes: [:], batch: 1),
                batch: 1,
                hostMemory: kind
            )
        }
    }

    private func printHeader(_ graph: Graph, _ plan: Plan, _ device: Device) throws {
        let facts = try Inspection(of: plan, path: "", shapes: [])
        let source = model.onnx ?? "generated, seeded weights"
        print("PointPillars' two experiments: the same network, timed with and without waiting for it")
        print("Model  \(graph.name) (\(source)), \(format(facts.gflop, digits: 1)) GFLOP, \(facts.layers.count) layers")
        for row in facts.bindings {
            let shape = (row.shape ?? []).map(String.init).joined(separator: "×")
            print("       \(row.mode) \(row.name) \(shape) \(row.dataType)")
        }
        print(
            "Device CPU, \(device.threadCount) threads, page-locked host memory, \(runCount) runs after one for warm-up"
        )
        print("")
        Terminal.flushStandardOutput()
    }

    // MARK: - Timing

    /// One call's runs. Without synchronizing, the stream is drained after the clock has stopped, before the next run.
    private func series(_ lane: BenchLane, synchronizes: Bool, label: String) throws -> Series {
        let progress = ProgressLine()
        defer { progress.clear() }
        var series = Series(call: lane.call)
        let origin = ExecutionEvent()
        try lane.stream.record(origin)
        for run in 0...runCount {
            progress.show("\(label): \(lane.call.pythonName), run \(run) of \(runCount)")
            let start = MonotonicClock.nowNanoseconds()
            let enqueueMs = try lane.enqueue()
            if synchronizes { try lane.stream.synchronize() }
            let clockMs = Double(MonotonicClock.nowNanoseconds() - start) / 1e6
            let times = try lane.finish(enqueueMs: enqueueMs, lane: 0, origin: origin)
            if run == 0 {
                series.warmupMs = clockMs
            } else {
                series.clockMs.append(clockMs)
                series.times.append(times)
            }
        }
        return series
    }
}
