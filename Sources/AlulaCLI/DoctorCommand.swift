// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import ArgumentParser

/// `alula doctor`: what this machine is, what this process may use of it, and what it measurably reaches.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show processor, limits and measured peaks of this machine."
    )

    @Option(help: "Threads to measure with; default: the cores this process may use.")
    var threads: Int?

    @Flag(help: "Skip the measurements.")
    var noMeasure = false

    func run() throws {
        if let threads, threads < 1 {
            throw CommandError.badOption(option: "--threads", got: "\(threads)", expected: "1 or more")
        }
        let topology = CPUTopology.current
        printProcessor(topology)
        printMemory(topology)
        guard !noMeasure else { return }
        let count = threads ?? topology.usableCoreCount
        print("Measured (\(count) thread\(count == 1 ? "" : "s"), best of several, about two seconds)")
        let peaks = try MachinePeaks.measure(threadCount: count)
        if let isa = peaks.isaName {
            let peak = format(peaks.generatedGigaflopsPerThread, digits: 1)
            row("FP32 peak, one thread", "\(peak) GFLOP/s, generated \(isa) multiply-adds")
            row("FP32 peak, all threads", "\(format(peaks.generatedGigaflops, digits: 1)) GFLOP/s")
        }
        row("portable code, one thread", "\(format(peaks.portableGigaflopsPerThread, digits: 1)) GFLOP/s FP32")
        row("portable code, all threads", "\(format(peaks.portableGigaflops, digits: 1)) GFLOP/s FP32")
        row("memory, read", "\(format(peaks.readGigabytesPerSecond, digits: 1)) GB/s")
        row("memory, copy", "\(format(peaks.copyGigabytesPerSecond, digits: 1)) GB/s")
        row("waking a sleeping thread", "\(format(peaks.wakeMicroseconds, digits: 1)) µs median")
    }

    private func printProcessor(_ topology: CPUTopology) {
        print("Processor")
        row("model", topology.modelName)
        row("logical processors", "\(topology.logicalProcessors.count) in the affinity mask")
        row("instruction sets", CPUFeatures.current.description)
        row("physical cores", "\(topology.physicalCoreCount)")
        row("control group quota", topology.coreQuota.map { "\(format($0, digits: 2)) cores" } ?? "none")
        row("usable cores", "\(topology.usableCoreCount)  (default of --threads)")
        for cache in topology.caches {
            row(
                "L\(cache.level) \(cache.kind.lowercased())",
                "\(cache.byteCount >> 10) KiB, shared by \(cache.sharingProcessorCount)"
            )
        }
    }

    private func printMemory(_ topology: CPUTopology) {
        let limits = MemoryLimits.current
        print("Memory")
        row("physical", "\(limits.physicalByteCount >> 20) MiB, \(limits.availableByteCount >> 20) MiB available")
        row("control group limit", limits.groupByteCount.map { "\($0 >> 20) MiB" } ?? "none")
        let advice = topology.hugePageMode == "never" ? "  (madvise or always would help large tensors)" : ""
        row("transparent huge pages", (topology.hugePageMode ?? "unknown") + advice)
    }

    private func row(_ label: String, _ value: String) {
        print("  " + label + String(repeating: " ", count: max(27 - label.count, 1)) + value)
    }
}
