// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
package import AlulaSystem
internal import AlulaTensor

/// What this machine reaches in the best case, measured in about a second: the limits layers are compared with.
package struct MachinePeaks: Sendable {
    /// Threads that measured together.
    package var threadCount: Int
    /// Multiply-adds in portable Swift, GFLOP/s of one thread: the ceiling of the portable kernels.
    package var portableGigaflopsPerThread: Double
    /// The same on all threads at once.
    package var portableGigaflops: Double
    /// The instruction set the next two were measured with; nil where there is no kernel compiler for the processor.
    package var isaName: String?
    /// Fused multiply-adds in generated code, GFLOP/s of one thread: the machine's FP32 peak.
    package var generatedGigaflopsPerThread: Double
    /// The same on all threads at once.
    package var generatedGigaflops: Double
    /// Bytes read per nanosecond (GB/s) by all threads from a buffer larger than the caches.
    package var readGigabytesPerSecond: Double
    /// Bytes copied per nanosecond (GB/s) by all threads, counting each byte once.
    package var copyGigabytesPerSecond: Double
    /// Median time from waking a sleeping thread to that thread running, in microseconds.
    package var wakeMicroseconds: Double

    /// Measures with `threadCount` threads.
    package static func measure(threadCount: Int) throws(SystemError) -> MachinePeaks {
        let one = try WorkerTeam(threadCount: 1, name: "alula-probe")
        let all = try WorkerTeam(threadCount: threadCount, name: "alula-probe")
        let generated = (try? MultiplyAddPeak.forThisMachine()) ?? nil
        return MachinePeaks(
            threadCount: threadCount,
            portableGigaflopsPerThread: multiplyAddRate(on: one),
            portableGigaflops: multiplyAddRate(on: all),
            isaName: generated?.isaName,
            generatedGigaflopsPerThread: generated.map { rate(of: $0.peak, on: one) } ?? 0,
            generatedGigaflops: generated.map { rate(of: $0.peak, on: all) } ?? 0,
            readGigabytesPerSecond: readRate(on: all),
            copyGigabytesPerSecond: try copyRate(on: all),
            wakeMicroseconds: try wakeMicroseconds()
        )
    }

    // MARK: - Arithmetic

    /// Best of several timings of a register-resident multiply-add loop, GFLOP/s.
    static func multiplyAddRate(on team: WorkerTeam) -> Double {
        let repetitions = 400_000
        let results = Tensor(zeros: .float32, shape: [team.threadCount * 64])
        // Twelve accumulators of eight lanes, one multiply and one add each.
        let operations = Double(team.threadCount * repetitions * 12 * 8 * 2)
        return best(of: 5) {
            team.run(parts: team.threadCount) { part in
                var target = results.mutableSpan(of: Float.self)
                target[part * 64] = multiplyAdds(repetitions, seed: Float(part))
            }
        } rate: {
            operations / $0
        }
    }

    /// Best of several timings of the generated kernel, GFLOP/s.
    static func rate(of peak: MultiplyAddPeak, on team: WorkerTeam, count: Int = 5) -> Double {
        let rounds = 20_000
        return best(of: count) {
            team.run(parts: team.threadCount) { _ in peak.run(roundCount: rounds) }
        } rate: {
            Double(team.threadCount * rounds * peak.operationsPerRound) / $0
        }
    }

    @inline(never)
    private static func multiplyAdds(_ repetitions: Int, seed: Float) -> Float {
        typealias Lanes = SIMD8<Float>
        let factor = Lanes(repeating: 0.999_9)
        let addend = Lanes(repeating: seed * 1e-6)
        var a = Lanes(repeating: 1)
        var b = a
        var c = a
        var d = a
        var e = a
        var f = a
        for _ in 0..<2 * repetitions {
            a = addend + a * factor
            b = addend + b * factor
            c = addend + c * factor
            d = addend + d * factor
            e = addend + e * factor
            f = addend + f * factor
        }
        return (a + b + c + d + e + f).sum()
    }

    // MARK: - Memory

    /// 256 MiB: several times the largest last-level cache share seen.
    private static let bufferByteCount = 256 << 20

    private static func readRate(on team: WorkerTeam) -> Double {
        let words = bufferByteCount / 8
        let source = Tensor(zeros: .uint64, shape: [words])
        let sums = Tensor(zeros: .uint64, shape: [team.threadCount * 8])
        return best(of: 4) {
            team.run(parts: team.threadCount) { part in
                let range = words * part / team.threadCount..<words * (part + 1) / team.threadCount
                var target = sums.mutableSpan(of: UInt64.self)
                target[part * 8] = sum(source.span(of: UInt64.self).extracting(range))
            }
        } rate: {
            Double(bufferByteCount) / $0
        }
    }

    @inline(never)
    private static func sum(_ words: Span<UInt64>) -> UInt64 {
        var total: UInt64 = 0
        for index in 0..<words.count { total &+= words[index] }
        return total
    }

    /// Best of several timings of a copy between buffers of `byteCount` each, GB/s, counting each byte once.
    static func copyRate(on team: WorkerTeam, byteCount: Int = bufferByteCount) throws(SystemError) -> Double {
        let source = try AlignedAllocation(byteCount: byteCount).region
        let target = try AlignedAllocation(byteCount: byteCount).region
        source.fill(with: 1)
        target.fill(with: 2)
        return best(of: 4) {
            team.run(parts: team.threadCount) { part in
                let range = byteCount * part / team.threadCount..<byteCount * (part + 1) / team.threadCount
                target.slice(range).copyBytes(from: source.slice(range))
            }
        } rate: {
            Double(byteCount) / $0
        }
    }

    // MARK: - Waking

    /// Half of the median round trip between two threads that sleep on futexes.
    private static func wakeMicroseconds() throws(SystemError) -> Double {
        let rounds = 400
        let exchange = PingPong()
        let partner = try Thread(name: "alula-probe-wake") {
            for round in 0..<UInt32(rounds) {
                exchange.ping.wait(while: round, spinNanoseconds: 0)
                exchange.pong.publish(round + 1)
            }
        }
        var times: [UInt64] = []
        for round in 0..<UInt32(rounds) {
            let start = MonotonicClock.nowNanoseconds()
            exchange.ping.publish(round + 1)
            exchange.pong.wait(while: round, spinNanoseconds: 0)
            times.append(MonotonicClock.nowNanoseconds() - start)
        }
        partner.join()
        return Double(times.sorted()[rounds / 2]) / 2_000
    }

    private final class PingPong: Sendable {
        let ping = FutexWord()
        let pong = FutexWord()
    }

    /// The highest rate of `count` timings; `rate` gets nanoseconds.
    private static func best(of count: Int, _ work: () -> Void, rate: (Double) -> Double) -> Double {
        var highest = 0.0
        for _ in 0..<count {
            let start = MonotonicClock.nowNanoseconds()
            work()
            highest = max(highest, rate(Double(MonotonicClock.nowNanoseconds() - start)))
        }
        return highest
    }
}
