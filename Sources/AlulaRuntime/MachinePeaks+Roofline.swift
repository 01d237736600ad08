// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
package import AlulaSystem

/// The two limits a layer meets: how much a team computes, and how much it moves.
package struct Roofline: Sendable {
    /// Fused multiply-adds in FP32, GFLOP/s of all threads.
    package var gigaflops: Double
    /// Bytes read and written per nanosecond by all threads beyond the caches, each counted once.
    package var gigabytesPerSecond: Double

    package init(gigaflops: Double, gigabytesPerSecond: Double) {
        self.gigaflops = gigaflops
        self.gigabytesPerSecond = gigabytesPerSecond
    }

    /// The least time, in milliseconds, of work that computes and moves so much.
    package func milliseconds(floatingPointOperations: Int, byteCount: Int) -> Double {
        max(Double(floatingPointOperations) / gigaflops, Double(byteCount) / gigabytesPerSecond) / 1e6
    }

    /// Whether work that computes and moves so much is held up by computing.
    package func isBoundByArithmetic(floatingPointOperations: Int, byteCount: Int) -> Bool {
        Double(floatingPointOperations) / gigaflops > Double(byteCount) / gigabytesPerSecond
    }
}

extension MachinePeaks {
    /// Measures the two limits of `threadCount` threads in less than half a second.
    package static func measureRoofline(threadCount: Int) throws(SystemError) -> Roofline {
        let team = try WorkerTeam(threadCount: threadCount, name: "alula-probe")
        let generated = (try? MultiplyAddPeak.forThisMachine()) ?? nil
        return Roofline(
            gigaflops: generated.map { rate(of: $0.peak, on: team, count: 3) } ?? multiplyAddRate(on: team),
            // A copy reads as much as it writes.
            gigabytesPerSecond: 2 * (try copyRate(on: team, byteCount: 64 << 20))
        )
    }
}
