// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// Runs an engine many times on one or more lanes and collects the times of every inference.
struct BenchRunner {
    /// One lane a slot; lane `i` runs on stream `i % streamCount`.
    var lanes: [BenchLane]
    /// Streams the lanes share.
    var streamCount: Int
    /// Inferences a lane runs before measuring.
    var warmup: Int
    /// Inferences to measure, over all lanes.
    var minIterations: Int
    /// Nanoseconds to measure at least.
    var minNanoseconds: UInt64
    /// Whether each inference is waited for before the next is enqueued on its lane.
    var synchronizes: Bool

    /// Runs warm-up and measurement; times come in order of completion on the host.
    func run() throws -> (times: [InferenceTimes], hostWalltimeSeconds: Double) {
        let progress = ProgressLine()
        defer { progress.clear() }
        for iteration in 0..<warmup {
            progress.show("warming up: \(iteration + 1) of \(warmup)")
            for lane in lanes { _ = try lane.enqueue() }
            for lane in lanes { try lane.stream.synchronize() }
        }
        let origin = ExecutionEvent()
        try lanes[0].stream.record(origin)
        try lanes[0].stream.synchronize()
        let start = MonotonicClock.nowNanoseconds()
        let times = try measure(origin, start: start, progress)
        let wall = Double(MonotonicClock.nowNanoseconds() - start) / 1e9
        return (times, wall)
    }

    private func measure(
        _ origin: ExecutionEvent,
        start: UInt64,
        _ progress: ProgressLine
    ) throws -> [InferenceTimes] {
        var times: [InferenceTimes] = []
        var enqueued = 0
        var inFlight = [Double?](repeating: nil, count: lanes.count)
        func isEnough() -> Bool {
            enqueued >= minIterations && MonotonicClock.nowNanoseconds() - start >= minNanoseconds
        }
        var lane = 0
        while true {
            // Lanes take turns; with several, the others compute while this one is waited for and filled again.
            if let enqueueMs = inFlight[lane] {
                times.append(
                    try lanes[lane].finish(enqueueMs: enqueueMs, lane: lane % streamCount, origin: origin)
                )
                inFlight[lane] = nil
                progress.show("measuring: \(times.count) inferences")
            }
            if !isEnough() {
                inFlight[lane] = try lanes[lane].enqueue()
                enqueued += 1
                if synchronizes, lanes.count == 1 { try lanes[lane].stream.synchronize() }
            }
            lane = (lane + 1) % lanes.count
            if isEnough(), inFlight.allSatisfy({ $0 == nil }) { return times }
        }
    }
}
