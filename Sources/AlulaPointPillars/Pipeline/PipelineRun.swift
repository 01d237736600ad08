// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import Synchronization

/// A stream that computes, with the context it computes in.
final class PipelineLane: Sendable {
    let stream: ExecutionStream
    let context: Mutex<ExecutionContext>
    let stopwatch = StageStopwatch()

    init(_ detector: PointPillarsDetector, on device: Device, index: Int) throws(ExecutionError) {
        stream = try device.makeStream(name: "detection-\(index)", isNonBlocking: true)
        let made = try detector.engine.makeExecutionContext(on: device, name: "detection-\(index)")
        made.profiler = stopwatch
        context = Mutex(made)
    }
}

/// One frame on its way.
private final class Flight: Sendable {
    let done = ExecutionEvent(isTimed: false)
    let uploadBegin = ExecutionEvent()
    let uploadEnd = ExecutionEvent()
    /// The times of the engine's stages; nil until the run has completed.
    let times = Mutex<[Stage: Double]?>(nil)
}

/// Takes the frames of one call through a pipeline. Used by one task at a time.
struct PipelineRun: Sendable {
    let configuration: PointPillarsConfiguration
    let device: Device
    let lanes: [PipelineLane]
    let reader: ExecutionStream
    let keepsClouds: Bool
    let keepsTensors: Bool
    private let inputs: [InputSlot]
    private let outputs = Mutexed<[OutputBuffer]>([])

    init(
        configuration: PointPillarsConfiguration,
        device: Device,
        lanes: [PipelineLane],
        reader: ExecutionStream,
        slotCount: Int,
        keepsClouds: Bool,
        keepsTensors: Bool
    ) {
        self.configuration = configuration
        self.device = device
        self.lanes = lanes
        self.reader = reader
        self.keepsClouds = keepsClouds
        self.keepsTensors = keepsTensors
        // One more than computes at once: the next frame's points are uploaded meanwhile.
        inputs = (0...lanes.count).map { _ in InputSlot() }
    }

    /// Memory for one frame's points, and when it may be used again.
    private final class InputSlot: Sendable {
        let buffer = Mutex<InputBuffer?>(nil)
        let consumed = ExecutionEvent(isTimed: false)
    }

    // MARK: - One frame

    /// Reads a frame and enqueues everything else; the task gives its result once its boxes are there.
    func submit(_ frame: Frame, index: Int) async -> Task<FrameResult, Never> {
        let clock = ContinuousClock()
        let begin = frame.due ?? clock.now
        var cloud: PointCloud?
        do throws(FrameError) {
            let loaded = try await load(frame)
            cloud = keepsClouds ? loaded.cloud : nil
            let kept = cloud
            let finish = try await enqueue(loaded.cloud, index: index)
            return Task.detached {
                let outcome = await finish(loaded.milliseconds)
                return FrameResult(
                    index: index,
                    name: frame.name,
                    outcome: outcome,
                    cloud: kept,
                    latencyMilliseconds: begin.duration(to: clock.now).milliseconds
                )
            }
        } catch {
            let result = FrameResult(
                index: index,
                name: frame.name,
                outcome: .failure(error),
                cloud: cloud,
                latencyMilliseconds: begin.duration(to: clock.now).milliseconds
            )
            return Task.detached { result }
        }
    }

    /// Gets the points on the reader's thread.
    private func load(_ frame: Frame) async throws(FrameError) -> (cloud: PointCloud, milliseconds: Double) {
        let answer = Mutexed<(Result<PointCloud, FrameError>, Double)?>(nil)
        do throws(ExecutionError) {
            try reader.launchHostFunction {
                let clock = ContinuousClock()
                let begin = clock.now
                let result = Result { () throws(FrameError) in try frame.load() }
                answer.set((result, begin.duration(to: clock.now).milliseconds))
            }
            try await reader.synchronize()
        } catch {
            reader.clearError()
            throw FrameError("\(error)")
        }
        guard let (result, milliseconds) = answer.value else { throw FrameError("the frame was not read") }
        return (try result.get().withFieldCount(configuration.fieldCount), milliseconds)
    }

    /// Enqueues upload, run and download; the closure waits for them and reads the boxes.
    private func enqueue(
        _ cloud: PointCloud,
        index: Int
    ) async throws(FrameError) -> @Sendable (_ readMilliseconds: Double) async -> Result<Detections, FrameError> {
        let slot = inputs[index % inputs.count]
        let lane = lanes[index % lanes.count]
        let flight = Flight()
        // The points of the frame that used this slot before have been read by its engine, or never will be.
        try? await slot.consumed.synchronize()
        let output: OutputBuffer
        do {
            output = try takeOutput(lane)
            let input = try inputBuffer(slot, for: cloud.count)
            input.fill(cloud)
            try reader.record(flight.uploadBegin)
            try input.upload(count: cloud.count, on: reader)
            try reader.record(flight.uploadEnd)
            try lane.stream.wait(for: flight.uploadEnd)
            try lane.context.withLock { context throws(ExecutionError) in
                try context.setInputShape(
                    [input.capacity, configuration.fieldCount],
                    for: PointPillarsNetwork.pointsName
                )
                let bindings = try input.bindings() + output.bindings()
                try context.enqueue(bindings: bindings, on: lane.stream, inputConsumed: slot.consumed)
            }
            try output.download(on: lane.stream)
            let stopwatch = lane.stopwatch
            try lane.stream.launchHostFunction { flight.times.withLock { $0 = stopwatch.takeMilliseconds() } }
            try lane.stream.record(flight.done)
        } catch {
            lane.stream.clearError()
            throw FrameError("\(error)")
        }
        return { readMilliseconds in
            await finish(flight, on: lane, output, readMilliseconds: readMilliseconds)
        }
    }

    /// Waits for a frame's run.
    private func finish(
        _ flight: Flight,
        on lane: PipelineLane,
        _ output: OutputBuffer,
        readMilliseconds: Double
    ) async -> Result<Detections, FrameError> {
        defer { outputs.withLock { $0.append(output) } }
        do throws(ExecutionError) {
            try await flight.done.synchronize()
        } catch {
            lane.stream.clearError()
            return .failure(FrameError("\(error)"))
        }
        guard var times = flight.times.withLock({ $0 }) else {
            return .failure(FrameError("the frame was skipped because the one before it on its stream failed"))
        }
        times[.read] = readMilliseconds
        times[.upload] = try? flight.uploadEnd.elapsedTime(from: flight.uploadBegin)
        return .success(output.detections(configuration, stageMilliseconds: times, withTensors: keepsTensors))
    }

    // MARK: - Memory

    private func takeOutput(_ lane: PipelineLane) throws(ExecutionError) -> OutputBuffer {
        if let free = outputs.withLock({ $0.popLast() }) { return free }
        let engine = lane.context.withLock { $0.engine }
        return try OutputBuffer(engine, on: device)
    }

    private func inputBuffer(_ slot: InputSlot, for count: Int) throws -> InputBuffer {
        guard let capacity = InputBuffer.capacity(for: count) else {
            throw FrameError(
                "\(count) points are more than the \(PointPillarsNetwork.capacities.upperBound) there is room for"
            )
        }
        return try slot.buffer.withLock { buffer in
            if let known = buffer, known.capacity == capacity { return known }
            let made = try InputBuffer(device, capacity: capacity, fieldCount: configuration.fieldCount)
            buffer = made
            return made
        }
    }
}

/// A value behind a lock, shared by reference.
final class Mutexed<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    func withLock<R: Sendable>(_ body: (inout Value) -> R) -> R { mutex.withLock { body(&$0) } }

    var value: Value { mutex.withLock { $0 } }

    func set(_ value: Value) { mutex.withLock { $0 = value } }
}

extension Duration {
    /// The duration in milliseconds.
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
    }
}
