// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars
internal import AlulaSystem

/// Everything that is done with results: text, pictures, evaluation, times.
final class DetectSinks: Sendable {
    private struct State {
        var report: DetectReport
        var page: ViewerPage?
        var evaluation: DetectEvaluation?
        var times = DetectTimes()
        var failureCount = 0
    }

    private let options: DetectOutputOptions
    private let view: BirdsEyeView
    /// Whether weights are made up, which every picture says.
    private let isGenerated: Bool
    private let state: Locked<State>

    /// - Throws: when an output folder cannot be made or a label folder is missing.
    init(_ options: DetectOutputOptions, _ detector: PointPillarsDetector, isGenerated: Bool = false) throws {
        self.options = options
        self.isGenerated = isGenerated
        let caveat = isGenerated ? "all weights are made up: boxes mean nothing" : nil
        view = BirdsEyeView(detector.configuration.grid)
        for folder in [options.png, options.svg, options.saveTensors].compactMap(\.self) {
            try Files.makeDirectory(folder)
        }
        let evaluation = try options.evaluate.map { folder in
            try DetectEvaluation(labels: folder, calibrations: options.calib, detector.configuration.classNames)
        }
        state = Locked(
            State(
                report: try DetectReport(options),
                page: options.html.map { _ in ViewerPage(classNames: detector.configuration.classNames, caveat: caveat)
                },
                evaluation: evaluation
            )
        )
    }

    /// Frames without detections so far.
    var failureCount: Int { state.withLock { $0.failureCount } }

    /// Writes one frame's results.
    func take(_ result: FrameResult) throws {
        try state.withLock { state in
            try state.report.write(result)
            state.page?.append(result)
            switch result.outcome {
            case .failure(let error):
                state.failureCount += 1
                tell("\(result.name): \(error)")
            case .success(let found):
                for warning in found.counters.warnings { tell("\(result.name): \(warning)") }
                // A watch may go on for ever: nothing is kept that nobody asked for.
                if options.timing {
                    state.times.add(found, latencyMilliseconds: result.latencyMilliseconds)
                }
                try draw(result, found.boxes)
                try state.evaluation?.add(found.boxes, frame: result.name)
                try save(found.tensors, frame: result.name)
            }
        }
    }

    private func draw(_ result: FrameResult, _ boxes: [Detection]) throws(CommandError) {
        let title = result.name + (isGenerated ? " (made-up weights)" : "")
        if let folder = options.png {
            try writeFile(view.png(result.cloud, boxes, title: title), "\(folder)/\(result.name).png")
        }
        if let folder = options.svg {
            let text = view.svg(result.cloud, boxes, title: title)
            try writeFile(Array(text.utf8), "\(folder)/\(result.name).svg")
        }
    }

    private func save(_ tensors: [String: Tensor], frame: String) throws(CommandError) {
        guard let folder = options.saveTensors else { return }
        for (name, tensor) in tensors { try NumPyFile.write(tensor, path: "\(folder)/\(frame).\(name).npy") }
    }

    /// Completes files and prints what is known only at the end.
    func finish() throws {
        try state.withLock { state in
            try state.report.finish()
            if let path = options.html, let page = state.page { try writeFile(Array(try page.html().utf8), path) }
            if let evaluation = state.evaluation { print(try evaluation.table(), terminator: "") }
            if options.timing { tell(state.times.summary) }
            if state.failureCount > 0 {
                tell("\(state.failureCount) \(state.failureCount == 1 ? "frame" : "frames") without detections")
            }
        }
    }
}

/// Times of all frames.
struct DetectTimes {
    private var stages: [Stage: [Double]] = [:]
    private var latencies: [Double] = []
    private let begin = ContinuousClock.now
    private var firstEnd: ContinuousClock.Instant?
    private var lastEnd: ContinuousClock.Instant?

    /// Adds a frame.
    mutating func add(_ found: Detections, latencyMilliseconds: Double) {
        for (stage, milliseconds) in found.stageMilliseconds { stages[stage, default: []].append(milliseconds) }
        latencies.append(latencyMilliseconds)
        let now = ContinuousClock.now
        firstEnd = firstEnd ?? now
        lastEnd = now
    }

    /// Medians of all stages, throughput between the first and the last frame's end, latencies.
    var summary: String {
        guard let firstEnd, let lastEnd, !latencies.isEmpty else { return "no frames" }
        let seconds = firstEnd.duration(to: lastEnd) / .seconds(1)
        let rate = seconds > 0 ? Double(latencies.count - 1) / seconds : 0
        var lines = ["\(latencies.count) frames, \(format(rate, digits: 2)) frames/s, medians:"]
        for stage in Stage.allCases {
            guard let times = stages[stage] else { continue }
            lines.append("  \(stage.rawValue): \(format(LatencySummary(times).median, digits: 3)) ms")
        }
        let latency = LatencySummary(latencies)
        lines.append(
            "  latency: p50 \(format(latency.median, digits: 1)), p95 \(format(latency.p95, digits: 1)), "
                + "p99 \(format(latency.p99, digits: 1)) ms"
        )
        return lines.joined(separator: "\n")
    }
}
