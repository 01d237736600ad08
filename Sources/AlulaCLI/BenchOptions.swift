// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import ArgumentParser

/// The spelling of the execute call to measure.
enum ExecuteCall: String, CaseIterable, ExpressibleByArgument {
    /// `execute_async`: implicit batch.
    case v1
    /// `execute_async_v2`: explicit batch, bindings by index.
    case v2
    /// `execute_async_v3`: tensors by name.
    case v3

    /// TensorRT's Python name of the call.
    var pythonName: String {
        switch self {
        case .v1: "execute_async"
        case .v2: "execute_async_v2"
        case .v3: "execute_async_v3"
        }
    }
}

/// Whether the host buffers of a benchmark are page-locked.
enum HostMemoryKind: String, CaseIterable, ExpressibleByArgument {
    /// Copies to and from it are asynchronous.
    case pinned
    /// A copy to the device is snapshotted; a copy to the host waits for everything before it.
    case pageable
}

/// An on/off switch spelled out, as trtexec's users expect it.
enum Switch: String, CaseIterable, ExpressibleByArgument {
    case on
    case off
}

/// Where the model comes from: shared by `bench` and `inspect`.
struct ModelOptions: ParsableArguments {
    @Option(help: "ONNX model to build.")
    var onnx: String?

    @Option(help: "Plan to load.")
    var plan: String?

    /// At most one of the two may be given; `bench --experiments` runs a model of its own without either.
    func validate() throws {
        guard onnx == nil || plan == nil else {
            throw ValidationError("--onnx, --plan: got both, expected one of the two")
        }
    }
}

/// What a model is built for: shared by `bench`, `build` and `inspect`.
struct BuildOptions: ParsableArguments {
    @Option(help: "Build with implicit batch for batches from 1 to this.")
    var maxBatch: Int?

    @Option(help: "Input shapes to run, name:1x3x224x224,… (repeatable); extents that vary and are not given become 1.")
    var shapes: [String] = []

    @Option(help: "Smallest input shapes of the optimization profile; default: --shapes.")
    var minShapes: [String] = []

    @Option(help: "Input shapes to tune for; default: --shapes.")
    var optShapes: [String] = []

    @Option(help: "Largest input shapes of the optimization profile; default: --shapes.")
    var maxShapes: [String] = []

    @Option(help: "File with times of tactics from earlier builds; made or extended by this one.")
    var timingCache: String?

    @Flag(help: "Leave out kernels that trade accuracy for speed, such as Winograd convolutions.")
    var strict = false

    @Flag(inversion: .prefixedNo, help: "Let tactics compete on the clock; without, cost models choose.")
    var tactics = true

    @Flag(help: "Print every rewrite of the builder, every tactic with its time, and how every step runs.")
    var verbose = false
}

/// What to run and what to report.
struct BenchOptions: ParsableArguments {
    @Option(help: "Threads that compute; default: the cores this process may use.")
    var threads: Int?

    @Option(help: "Streams that run inferences at the same time; the threads are split between them.")
    var streams = 1

    @Option(help: "Inferences before measuring.")
    var warmup = 2

    @Option(help: "Inferences to measure; at least this many when --duration is given too. Default: 10 and 3 s.")
    var iterations: Int?

    @Option(help: "Seconds to measure.")
    var duration: Double?

    @Option(help: "Execute call: v1, v2 or v3. Default: v1 with implicit batch, else v3.")
    var api: ExecuteCall?

    @Option(help: "Synchronize after every inference (on), or let the stream run behind the host (off).")
    var sync = Switch.on

    @Option(help: "Host buffers: pinned or pageable.")
    var hostMemory = HostMemoryKind.pinned

    @Option(help: "Batch of every inference with implicit batch.")
    var batch = 1

    @Option(help: "Inputs, name:file.npy,… (repeatable); others are seeded random numbers.")
    var loadInputs: [String] = []

    @Option(help: "Directory to write every output to, as <name>.npy.")
    var saveOutputs: String?

    @Option(help: "Write times and facts to this file.")
    var json: String?

    @Option(help: "Instead of inferences, measure this many execute calls while the stream is held back.")
    var enqueueOnly: Int?

    @Flag(help: "Print time, kernel, GFLOP/s, GB/s and share of the machine's peak of every layer.")
    var profileLayers = false

    /// Checks ranges; parsing alone accepts any number.
    func validate() throws {
        try check("--threads", threads ?? 1, 1...4096)
        try check("--streams", streams, 1...256)
        try check("--warmup", warmup, 0...1_000_000)
        try check("--iterations", iterations ?? 1, 1...100_000_000)
        try check("--batch", batch, 1...1_000_000)
        try check("--enqueue-only", enqueueOnly ?? 1, 1...1_000_000)
        if let duration, !(duration >= 0 && duration.isFinite) {
            throw ValidationError("--duration: got \(duration), expected seconds, 0 or more")
        }
    }

    private func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option): got \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
