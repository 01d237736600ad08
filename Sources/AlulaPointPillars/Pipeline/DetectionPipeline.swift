// SPDX-License-Identifier: Apache-2.0

public import Alula
internal import Synchronization

/// Finds boxes in a sequence of clouds, several clouds at a time.
///
/// ```swift
/// for await result in pipeline(frames) { print(result.name, result.outcome) }
/// ```
/// While the backbone of one frame runs on one stream, the next frame is read and uploaded on another and turned into pillars
/// on a third, and the one before is decoded. The memory of a frame's points is used again as soon as the engine has read
/// them, long before its boxes are there. Results come in the order of the frames. No more frames are taken than there are
/// slots until results are taken: a slow consumer slows the source. A frame that cannot be read or fails is one result with an
/// error; the frames after it are not affected.
public final class DetectionPipeline: Sendable {
    /// What is computed.
    public let detector: PointPillarsDetector
    /// Streams that compute.
    public let streamCount: Int
    /// Frames that may be on their way: read, computed, or waiting to be taken.
    public let slotCount: Int
    private let keepsClouds: Bool
    private let keepsTensors: Bool
    private let device: Device
    private let lanes: [PipelineLane]
    private let reader: ExecutionStream

    /// A pipeline on `device`.
    ///
    /// - Parameters:
    ///   - streams: frames that are computed at once; 1 computes one after the other, though the next is read meanwhile.
    ///   - slots: frames that may be on their way, at least one more than streams; nil takes two more.
    ///   - keepsClouds: whether results hold the points, for drawing them.
    ///   - keepsTensors: whether results hold all outputs of the engine.
    /// - Throws: ``PointPillarsError/running(_:)``; ``PointPillarsError/configuration(field:got:expected:)`` for counts out of
    ///   range.
    public init(
        _ detector: PointPillarsDetector,
        on device: Device,
        streams: Int = 2,
        slots: Int? = nil,
        keepsClouds: Bool = false,
        keepsTensors: Bool = false
    ) throws(PointPillarsError) {
        let slotCount = slots ?? streams + 2
        guard (1...64).contains(streams) else {
            throw .configuration(field: "streams", got: "\(streams)", expected: "1 to 64")
        }
        guard slotCount > streams, slotCount <= 1024 else {
            throw .configuration(
                field: "slots",
                got: "\(slotCount)",
                expected: "more than \(streams) streams, at most 1024"
            )
        }
        self.detector = detector
        self.device = device
        self.keepsClouds = keepsClouds
        self.keepsTensors = keepsTensors
        self.slotCount = slotCount
        streamCount = streams
        var lanes: [PipelineLane] = []
        do {
            reader = try device.makeStream(name: "frames", isNonBlocking: true)
            for index in 0..<streams { lanes.append(try PipelineLane(detector, on: device, index: index)) }
        } catch {
            throw .running(error)
        }
        self.lanes = lanes
    }

    /// Starts on `frames`; results come as they are asked for.
    public func callAsFunction<Frames: AsyncSequence & Sendable>(
        _ frames: Frames
    ) -> DetectionResults where Frames.Element == Frame, Frames.Failure == Never {
        let run = PipelineRun(
            configuration: detector.configuration,
            device: device,
            lanes: lanes,
            reader: reader,
            slotCount: slotCount,
            keepsClouds: keepsClouds,
            keepsTensors: keepsTensors
        )
        return DetectionResults(slotCount: slotCount) { results, tokens in
            var index = 0
            for await frame in frames {
                guard await tokens.take() else { break }
                results.yield(await run.submit(frame, index: index))
                index += 1
            }
            results.finish()
        }
    }

    /// Starts on `frames`; as ``callAsFunction(_:)-(Frames)``.
    public func callAsFunction(_ frames: [Frame]) -> DetectionResults {
        let (stream, continuation) = AsyncStream.makeStream(of: Frame.self)
        for frame in frames { continuation.yield(frame) }
        continuation.finish()
        return callAsFunction(stream)
    }
}

/// The results of a pipeline, in the order of the frames.
///
/// Letting go of the iterator ends the pipeline's work on the frames.
public struct DetectionResults: AsyncSequence, Sendable {
    typealias Source = AsyncStream<Task<FrameResult, Never>>

    private let start: @Sendable (Source.Continuation, Tokens) async -> Void
    private let slotCount: Int

    init(
        slotCount: Int,
        start: @escaping @Sendable (_ results: Source.Continuation, _ tokens: Tokens) async -> Void
    ) {
        self.slotCount = slotCount
        self.start = start
    }

    /// Starts the pipeline.
    public func makeAsyncIterator() -> Iterator {
        let tokens = Tokens(slotCount)
        let (source, continuation) = Source.makeStream()
        let start = start
        let producer = Task.detached { await start(continuation, tokens) }
        continuation.onTermination = { _ in
            producer.cancel()
            tokens.close()
        }
        return Iterator(source: source.makeAsyncIterator(), tokens: tokens)
    }

    /// Takes results one by one.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var source: Source.Iterator
        fileprivate let tokens: Tokens

        /// The next frame's result; nil when there are no more frames.
        public mutating func next() async -> FrameResult? { await next(isolation: nil) }

        /// The next frame's result, for a caller on an actor; nil when there are no more frames.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> FrameResult? {
            guard let task = await source.next(isolation: actor) else { return nil }
            let result = await task.value
            tokens.give()
            return result
        }
    }
}

/// A number of places that frames take and consumers give back.
final class Tokens: Sendable {
    private struct State {
        var count: Int
        var isClosed = false
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(count: count)) }

    /// Takes a place, waiting for one; false when nobody wants results any more.
    func take() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.isClosed { return false }
                if state.count > 0 {
                    state.count -= 1
                    return true
                }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Gives a place back.
    func give() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiting.isEmpty {
                state.count += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }

    /// Sends everybody away who waits, or comes later.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: false) }
    }
}
