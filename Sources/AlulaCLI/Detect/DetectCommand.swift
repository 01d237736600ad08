// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars
internal import AlulaSystem
internal import ArgumentParser

/// `alula detect`: LiDAR clouds in, boxes out.
struct DetectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Find cars, pedestrians and cyclists in LiDAR clouds with a PointPillars network.",
        discussion: """
            Without clouds a made-up street is looked at; without a model weights are made up, and boxes mean nothing. A cloud
            that cannot be read is one message; the others are looked at, and the command fails at the end.
            """
    )

    @OptionGroup var inputs: DetectInputOptions
    @OptionGroup var model: DetectModelOptions
    @OptionGroup var outputs: DetectOutputOptions

    @Option(help: "Threads that compute; default: the cores this process may use.")
    var threads: Int?

    @Option(help: "Frames that are computed at the same time; 1 answers soonest, more with a team each do most.")
    var streams = 1

    @Option(help: "Teams the threads are split into; with as many as streams, every frame keeps its own threads.")
    var teams = 1

    mutating func run() async throws {
        let loader = DetectModel(options: model, seed: inputs.seed, showsTensors: outputs.saveTensors != nil)
        let loaded = try loader.load(threads: threads.map { max(1, $0 / teams) })
        if model.verbose { for remark in loaded.remarks { print(remark) } }
        if loader.isGenerated { tell("note: no model given, all weights are made up: boxes mean nothing") }
        let device = try Device.cpu(threads: threads, teams: teams)
        let needsClouds = outputs.png != nil || outputs.svg != nil || outputs.html != nil
        let pipeline = try DetectionPipeline(
            loaded.detector,
            on: device,
            streams: streams,
            keepsClouds: needsClouds,
            keepsTensors: outputs.saveTensors != nil
        )
        let reader = CloudFile(
            options: CloudFile.Options(
                fieldCount: inputs.fields,
                intensityScale: inputs.intensityScale,
                networkFieldCount: loaded.detector.configuration.fieldCount
            )
        )
        let frames = DetectFrames(options: inputs, reader: reader)
        let sinks = try DetectSinks(outputs, loaded.detector, isGenerated: loader.isGenerated)
        let results = try start(pipeline, frames)
        let total = inputs.watch == nil ? try frames.count() : nil
        try await consume(results, sinks, total: total)
        try sinks.finish()
        if sinks.failureCount > 0 { throw ExitCode.failure }
    }

    /// The results of the frames asked for, paced if that is asked for too.
    private func start(_ pipeline: DetectionPipeline, _ frames: DetectFrames) throws -> DetectionResults {
        if let folder = inputs.watch {
            guard Files.isDirectory(folder) else {
                throw CommandError.badOption(option: "--watch", got: "'\(folder)'", expected: "a folder")
            }
            return pipeline(FolderWatch(folder: folder, frames: frames, limit: inputs.watchLimit))
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Frame.self)
        for frame in try frames.all() { continuation.yield(frame) }
        continuation.finish()
        guard let rate = inputs.rate else { return pipeline(stream) }
        return pipeline(PacedFrames(base: stream, rate: rate))
    }

    private func consume(_ results: DetectionResults, _ sinks: DetectSinks, total: Int?) async throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        let clock = ContinuousClock()
        let begin = clock.now
        for await result in results {
            progress.clear()
            try sinks.take(result)
            let seconds = begin.duration(to: clock.now) / .seconds(1)
            let rate = format(Double(result.index + 1) / max(seconds, 1e-9), digits: 1)
            progress.show("frame \(result.index + 1)\(total.map { " of \($0)" } ?? ""), \(rate) frames/s")
        }
    }
}

/// Says something to the person at the terminal, apart from results.
func tell(_ text: String) { Terminal.writeToStandardError("alula detect: \(text)\n") }
