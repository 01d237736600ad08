// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// Keeps the times of all layers in the order they are reported; layers of equal names stay apart.
final class LayerTimes: Profiler {
    private let times = Locked([Double]())

    func reportLayerTime(_ layerName: String, milliseconds: Double) { times.withLock { $0.append(milliseconds) } }

    /// The median of each of `count` layers over all runs so far, in milliseconds.
    func medians(layerCount count: Int) -> [Double] {
        let all = times.withLock { $0 }
        return (0..<count).map { layer in
            LatencySummary(stride(from: layer, to: all.count, by: count).map { all[$0] }).median
        }
    }
}

/// What every running layer of an engine takes, computes and moves, beside what the machine reaches.
struct LayerProfile {
    /// One layer.
    struct Row: Codable {
        var name: String
        var operation: String
        /// The kernel's identifier; nil where the scalar definition runs or pieces are copied.
        var kernel: String?
        /// The tactic the kernel was chosen as.
        var tactic: String?
        var milliseconds: Double
        var flop: Int
        /// Bytes read and written, each tensor counted once, as stored.
        var bytes: Int
        /// The least time the machine's peaks allow for as many operations and bytes, as a share of the time taken.
        var shareOfPeak: Double
        /// Whether arithmetic, not memory, is what that least time comes from.
        var isBoundByArithmetic: Bool

        /// GFLOP/s.
        var gigaflops: Double { milliseconds > 0 ? Double(flop) / milliseconds / 1e6 : 0 }
        /// GB/s.
        var gigabytesPerSecond: Double { milliseconds > 0 ? Double(bytes) / milliseconds / 1e6 : 0 }
    }

    let rows: [Row]
    private let roofline: Roofline
    private let runCount: Int

    private init(rows: [Row], roofline: Roofline, runCount: Int) {
        self.rows = rows
        self.roofline = roofline
        self.runCount = runCount
    }

    /// Runs `lane` some more with a profiler attached, apart from any measurement, as its clock reads cost time.
    ///
    /// - Parameters:
    ///   - layers: of the engine, at the shapes `lane` runs.
    ///   - expectedMilliseconds: what an inference takes, to decide how many to profile.
    static func measure(
        _ lane: BenchLane,
        _ layers: [LayerInformation],
        _ roofline: Roofline,
        expectedMilliseconds: Double
    ) throws -> LayerProfile {
        let times = LayerTimes()
        let secondsToSpend = 1.0
        let runCount = max(5, min(100, Int(secondsToSpend * 1e3 / max(expectedMilliseconds, 1e-3))))
        lane.setProfiler(times)
        for _ in 0..<runCount {
            _ = try lane.enqueue()
            try lane.stream.synchronize()
        }
        lane.setProfiler(nil)
        let running = layers.filter(\.isRunning)
        let rows = zip(running, times.medians(layerCount: running.count)).map { row($0, $1, roofline) }
        return LayerProfile(rows: rows, roofline: roofline, runCount: runCount)
    }

    private static func row(_ layer: LayerInformation, _ milliseconds: Double, _ roofline: Roofline) -> Row {
        let (flop, bytes) = (layer.floatingPointOperations, layer.constantByteCount + layer.activationByteCount)
        let least = roofline.milliseconds(floatingPointOperations: flop, byteCount: bytes)
        let (kernel, tactic): (String?, String?) =
            if case .kernel(let identifier, let tactic) = layer.execution { (identifier, tactic) } else { (nil, nil) }
        return Row(
            name: layer.name,
            operation: layer.operation,
            kernel: kernel ?? layer.execution.note,
            tactic: tactic,
            milliseconds: milliseconds,
            flop: flop,
            bytes: bytes,
            shareOfPeak: milliseconds > 0 ? least / milliseconds : 0,
            isBoundByArithmetic: roofline.isBoundByArithmetic(floatingPointOperations: flop, byteCount: bytes)
        )
    }

    // MARK: - Text

    /// Prints one row a layer in order of execution, then the kernels by the time they take.
    func printTable() {
        let total = rows.reduce(0) { $0 + $1.milliseconds }
        print("=== Layers (median of \(runCount) profiled inferences) ===")
        print(
            "Machine, measured just now: \(format(roofline.gigaflops, digits: 1)) GFLOP/s, "
                + "\(format(roofline.gigabytesPerSecond, digits: 1)) GB/s read and written; "
                + "'of peak' is against the one that binds, c for computing, m for memory"
        )
        print("      ms   share  GFLOP/s     GB/s  of peak  layer")
        for row in rows { print(line(row, total)) }
        print(column(format(total, digits: 3), 8) + "  total")
        printKernels(total)
    }

    private func line(_ row: Row, _ total: Double) -> String {
        let share = total > 0 ? 100 * row.milliseconds / total : 0
        return column(format(row.milliseconds, digits: 3), 8) + column(format(share, digits: 1), 7) + "%"
            + column(format(row.gigaflops, digits: 1), 9) + column(format(row.gigabytesPerSecond, digits: 1), 9)
            + column(format(100 * row.shareOfPeak, digits: 0), 6) + "% " + (row.isBoundByArithmetic ? "c" : "m")
            + "  \(row.name) (\(row.operation)): \(row.kernel ?? "")" + (row.tactic.map { " [\($0)]" } ?? "")
    }

    /// Sums by kernel, longest first.
    private func printKernels(_ total: Double) {
        var sums: [String: (milliseconds: Double, least: Double, count: Int)] = [:]
        for row in rows {
            let known = sums[row.kernel ?? ""] ?? (0, 0, 0)
            let least = row.milliseconds * row.shareOfPeak
            sums[row.kernel ?? ""] = (known.milliseconds + row.milliseconds, known.least + least, known.count + 1)
        }
        print("=== Kernels ===")
        print("      ms   share  of peak  layers  kernel")
        for (kernel, sum) in sums.sorted(by: { ($1.value.milliseconds, $0.key) < ($0.value.milliseconds, $1.key) }) {
            let share = total > 0 ? 100 * sum.milliseconds / total : 0
            let efficiency = sum.milliseconds > 0 ? 100 * sum.least / sum.milliseconds : 0
            print(
                column(format(sum.milliseconds, digits: 3), 8) + column(format(share, digits: 1), 7) + "%"
                    + column(format(efficiency, digits: 0), 8) + "%" + column("\(sum.count)", 8) + "  \(kernel)"
            )
        }
    }
}

extension LayerInformation.Execution {
    /// Says how the layer is carried out: its kernel, or what happens without one.
    var note: String {
        switch self {
        case .kernel(let identifier, _): identifier
        case .reference: "scalar reference"
        case .parts(let count): "operator's own \(count) parts"
        case .copies(let count): "\(count) copies"
        case .inPlace: "in place"
        case .resolved: "resolved"
        case .dynamic: "decided when it runs"
        }
    }
}
