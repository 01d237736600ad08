// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import Foundation

/// The times of one measured inference, in milliseconds.
struct InferenceTimes: Codable {
    /// Which stream ran it.
    var lane: Int
    /// When the first kernel started, after the start of the measurement.
    var startMs: Double
    /// Host time of the execute call alone: the call returned, nothing is known to have run.
    var enqueueMs: Double
    /// Copying inputs to the device, on the stream.
    var h2dMs: Double
    /// From the start of the first kernel to the end of the last.
    var computeMs: Double
    /// From the start of the first kernel to the moment the inputs may be overwritten.
    var inputsConsumedMs: Double
    /// Copying outputs to the host, on the stream.
    var d2hMs: Double

    /// `H2D + compute + D2H`, trtexec's definition; excludes queueing.
    var latencyMs: Double { h2dMs + computeMs + d2hMs }
}

/// What was measured and how, ready to print or to write as JSON.
struct BenchReport {
    /// The mode of the run, named so that two reports are compared only when it agrees.
    struct Mode: Codable {
        var model: String
        var api: String
        var threads: Int
        var streams: Int
        var batch: Int
        var synchronized: Bool
        var hostMemory: String
        var warmupIterations: Int
    }

    var mode: Mode
    var times: [InferenceTimes]
    /// First measured inference enqueued to last one completed, in seconds.
    var hostWalltimeSeconds: Double
    /// What `--profile-layers` found.
    var layers: [LayerProfile.Row]?

    /// Inferences a second over the host's wall time.
    var throughput: Double { hostWalltimeSeconds > 0 ? Double(times.count) / hostWalltimeSeconds : 0 }

    // MARK: - Text

    /// trtexec's performance summary.
    func printSummary() {
        print("=== Performance summary ===")
        print("Throughput: \(format(throughput, digits: 3)) qps")
        printLine("Latency", times.map(\.latencyMs))
        printLine("Enqueue Time", times.map(\.enqueueMs))
        printLine("H2D Latency", times.map(\.h2dMs))
        printLine("Compute Time", times.map(\.computeMs))
        printLine("D2H Latency", times.map(\.d2hMs))
        printLine("Inputs Consumed", times.map(\.inputsConsumedMs))
        print("Total Host Walltime: \(format(hostWalltimeSeconds, digits: 5)) s")
        print("Total Compute Time: \(format(times.map(\.computeMs).reduce(0, +) / 1e3, digits: 5)) s")
        print(
            "Mode: \(mode.api), \(times.count) inferences after \(mode.warmupIterations) for warm-up, batch \(mode.batch), "
                + "\(mode.threads) threads, \(mode.streams) streams, "
                + "\(mode.synchronized ? "synchronized every time" : "stream runs behind the host"), "
                + "\(mode.hostMemory) host memory"
        )
        for warning in warnings { print("Warning: \(warning)") }
    }

    /// One line an inference, in the order the host saw them complete: who ran when, so that overlap is visible.
    func printTrace() {
        print("=== Trace (milliseconds since the measurement began) ===")
        for (index, time) in times.enumerated() {
            print(
                "inference \(index)  stream \(time.lane)  compute \(format(time.startMs, digits: 3)) to "
                    + "\(format(time.startMs + time.computeMs, digits: 3))  inputs consumed at "
                    + "\(format(time.startMs + time.inputsConsumedMs, digits: 3))"
            )
        }
    }

    private func printLine(_ label: String, _ milliseconds: [Double]) {
        print("\(label): \(LatencySummary(milliseconds).line)")
    }

    /// trtexec's warnings, where they apply.
    private var warnings: [String] {
        let compute = LatencySummary(times.map(\.computeMs))
        var warnings: [String] = []
        if LatencySummary(times.map(\.enqueueMs)).median > 0.8 * compute.median {
            warnings.append("enqueue takes most of the compute time: the network is too small to be worth a call each")
        }
        for (name, part) in [("H2D", times.map(\.h2dMs)), ("D2H", times.map(\.d2hMs))]
        where LatencySummary(part).median >= compute.median {
            warnings.append("\(name) copies take as long as computing: bind host memory or copy less")
        }
        if mode.streams > 1 {
            warnings.append("with \(mode.streams) streams each latency includes waiting for the others; use throughput")
        }
        let variance = times.map { ($0.computeMs - compute.mean) * ($0.computeMs - compute.mean) }.reduce(0, +)
        let deviation = (variance / Double(max(times.count, 1))).squareRoot()
        if compute.mean > 0, deviation / compute.mean > 0.025 {
            warnings.append(
                "compute times vary by \(format(100 * deviation / compute.mean, digits: 1)) %: the machine is not quiet; "
                    + "compare medians, in one run"
            )
        }
        return warnings
    }

    // MARK: - JSON

    private struct Document: Codable {
        var mode: Mode
        var throughputQps: Double
        var hostWalltimeSeconds: Double
        var latency: LatencySummary
        var enqueue: LatencySummary
        var h2d: LatencySummary
        var compute: LatencySummary
        var d2h: LatencySummary
        var computeMs: [Double]
        var latencyMs: [Double]
        var enqueueMs: [Double]
        var h2dMs: [Double]
        var d2hMs: [Double]
        var inputsConsumedMs: [Double]
        var startMs: [Double]
        var stream: [Int]
        var layers: [LayerProfile.Row]?
    }

    /// Writes everything to `path`, all or nothing.
    func writeJSON(to path: String) throws {
        let document = Document(
            mode: mode,
            throughputQps: throughput,
            hostWalltimeSeconds: hostWalltimeSeconds,
            latency: LatencySummary(times.map(\.latencyMs)),
            enqueue: LatencySummary(times.map(\.enqueueMs)),
            h2d: LatencySummary(times.map(\.h2dMs)),
            compute: LatencySummary(times.map(\.computeMs)),
            d2h: LatencySummary(times.map(\.d2hMs)),
            computeMs: times.map(\.computeMs),
            latencyMs: times.map(\.latencyMs),
            enqueueMs: times.map(\.enqueueMs),
            h2dMs: times.map(\.h2dMs),
            d2hMs: times.map(\.d2hMs),
            inputsConsumedMs: times.map(\.inputsConsumedMs),
            startMs: times.map(\.startMs),
            stream: times.map(\.lane),
            layers: layers
        )
        try writeFile([UInt8](encodeJSON(document)), path)
    }
}

/// Indented JSON with sorted keys, so that two reports can be compared line by line.
func encodeJSON(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
}
