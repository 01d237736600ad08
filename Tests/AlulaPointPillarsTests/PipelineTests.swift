// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import Synchronization
import Testing

@Suite struct PipelineTests {
    private let detector: PointPillarsDetector

    init() throws {
        detector = try PointPillarsDetector(
            try PointPillarsNetwork(generatedFor: try Small.configuration()),
            configure: { $0.timesTactics = false }
        )
    }

    private func pipeline(
        streams: Int = 2,
        slots: Int? = nil,
        threads: Int = 2,
        teams: Int = 1
    ) throws -> DetectionPipeline {
        let device = try Device.cpu(threads: threads, teams: teams)
        return try DetectionPipeline(detector, on: device, streams: streams, slots: slots, keepsClouds: true)
    }

    private func frames(_ count: Int) throws -> [Frame] {
        try (0..<count).map { Frame(name: "frame \($0)", cloud: try Small.cloud(100 + 40 * $0, seed: UInt64($0))) }
    }

    @Test(arguments: [(streams: 1, threads: 1, teams: 1), (2, 2, 1), (3, 2, 2), (4, 4, 2)])
    func resultsAreThoseOfOneFrameAtATimeInOrder(setting: (streams: Int, threads: Int, teams: Int)) async throws {
        let frames = try frames(12)
        let session = try DetectionSession(detector, on: try Device.cpu(threads: 1))
        let expected = try frames.map { try session.detect(try $0.load()).boxes }
        let pipeline = try pipeline(streams: setting.streams, threads: setting.threads, teams: setting.teams)
        var got: [[Detection]] = []
        for await result in pipeline(frames) {
            #expect(result.index == got.count && result.name == "frame \(got.count)")
            let found = try result.outcome.get()
            #expect(found.counters[.points] == 100 + 40 * got.count)
            #expect(result.cloud?.count == 100 + 40 * got.count)
            #expect(found.stageMilliseconds[.backbone].map { $0 > 0 } == true)
            got.append(found.boxes)
        }
        #expect(got == expected)
    }

    @Test func aFrameThatCannotBeReadIsOneErrorAndTheRestGoesOn() async throws {
        var frames = try frames(6)
        for index in [0, 3] {
            frames[index].load = { () throws(FrameError) in throw FrameError("torn apart") }
        }
        var outcomes: [Bool] = []
        for await result in try pipeline()(frames) {
            switch result.outcome {
            case .success: outcomes.append(true)
            case .failure(let error):
                #expect(error.description == "torn apart")
                outcomes.append(false)
            }
        }
        #expect(outcomes == [false, true, true, false, true, true])
    }

    @Test func cloudsOfOtherFeaturesAreCutOrFilled() async throws {
        let wide = try #require(PointCloud([Float](repeating: 0.5, count: 50), fieldCount: 5))
        let narrow = try #require(PointCloud([Float](repeating: 0.5, count: 30), fieldCount: 3))
        for await result in try pipeline()([Frame(name: "wide", cloud: wide), Frame(name: "narrow", cloud: narrow)]) {
            #expect(try result.outcome.get().counters[.keptPoints] == 8, "one pillar with room for eight")
        }
    }

    @Test func aSlowConsumerSlowsTheSource() async throws {
        let taken = Counter()
        let cloud = try Small.cloud(50)
        let source = CountedFrames(count: 40, cloud: cloud, taken: taken)
        let pipeline = try pipeline(streams: 2, slots: 5)
        var iterator = pipeline(source).makeAsyncIterator()
        for index in 0..<10 {
            _ = await iterator.next()
            // Frames taken may be at most those delivered, plus the slots, plus the one the pipeline waits with.
            try await Task.sleep(for: .milliseconds(20))
            #expect(taken.value <= index + 1 + 5 + 1)
        }
    }

    @Test func lettingGoEndsTheWork() async throws {
        let taken = Counter()
        let source = CountedFrames(count: 1_000_000, cloud: try Small.cloud(50), taken: taken)
        let pipeline = try pipeline(slots: 4)
        for await result in pipeline(source) where result.index == 3 { break }
        let seen = taken.value
        try await Task.sleep(for: .milliseconds(100))
        #expect(taken.value <= seen + 2)
        // The pipeline is as good as new.
        var count = 0
        for await result in pipeline(try frames(3)) {
            _ = try result.outcome.get()
            count += 1
        }
        #expect(count == 3)
    }

    @Test func noFramesGiveNoResults() async throws {
        for await _ in try pipeline()([]) { Issue.record("a result out of nothing") }
    }

    @Test func countsOutOfRangeAreRefused() throws {
        #expect(throws: PointPillarsError.self) { try pipeline(streams: 0) }
        #expect(throws: PointPillarsError.self) { try pipeline(streams: 2, slots: 2) }
    }
}

/// A number from any thread.
private final class Counter: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    func increase() { number.wrappingAdd(1, ordering: .sequentiallyConsistent) }
}

/// As many frames as asked for, counting those that are taken.
private struct CountedFrames: AsyncSequence, Sendable {
    typealias Element = Frame
    typealias Failure = Never
    let count: Int
    let cloud: PointCloud
    let taken: Counter

    func makeAsyncIterator() -> Iterator { Iterator(frames: self) }

    struct Iterator: AsyncIteratorProtocol {
        let frames: CountedFrames
        var index = 0

        mutating func next() async -> Frame? {
            guard index < frames.count, !Task.isCancelled else { return nil }
            index += 1
            frames.taken.increase()
            return Frame(name: "\(index)", cloud: frames.cloud)
        }
    }
}
