// SPDX-License-Identifier: Apache-2.0

public import Alula

/// A built detector: an engine that turns points into boxes, and what its numbers mean. Shared by any number of sessions.
public final class PointPillarsDetector: Sendable {
    /// The engine; see ``PointPillarsNetwork`` for its bindings.
    public let engine: Engine
    /// What the engine was built for.
    public let configuration: PointPillarsConfiguration

    /// Builds a network.
    ///
    /// - Parameters:
    ///   - configure: changes what is built for, e.g. the timing cache.
    ///   - progress: as in ``Builder/build(_:progress:)``.
    /// - Throws: ``PointPillarsError/building(_:)``, ``PointPillarsError/loading(_:)``.
    public convenience init(
        _ network: PointPillarsNetwork,
        configure: (inout BuilderConfiguration) -> Void = { _ in },
        progress: (BuildProgress) -> Bool = { _ in true }
    ) throws(PointPillarsError) {
        var configuration = network.builderConfiguration()
        configure(&configuration)
        let plan: Plan
        do {
            plan = try Builder(configuration).build(network.graph, progress: progress)
        } catch {
            throw .building(error)
        }
        try self.init(plan: plan, configuration: network.configuration)
    }

    /// Loads a plan that was built of a ``PointPillarsNetwork``.
    ///
    /// - Throws: ``PointPillarsError/loading(_:)``; ``PointPillarsError/mismatch(what:model:configuration:)`` when the plan is
    ///   another network's.
    public init(plan: Plan, configuration: PointPillarsConfiguration) throws(PointPillarsError) {
        do {
            engine = try Engine(plan)
        } catch {
            throw .loading(error)
        }
        self.configuration = configuration
        let names = [PointPillarsNetwork.pointsName, PointPillarsNetwork.pointCountName] + PointPillarsNetwork.boxNames
        for name in names where engine.binding(named: name) == nil {
            throw .mismatch(
                what: "plan",
                model: "bindings \(engine.bindings.map(\.name).joined(separator: ", "))",
                configuration: "a PointPillars network with '\(name)'"
            )
        }
        let fields = engine.binding(named: PointPillarsNetwork.pointsName)?.dimensions?.last?.extent
        guard fields == configuration.fieldCount else {
            throw .mismatch(
                what: "features of a point",
                model: fields.map { "\($0)" } ?? "none",
                configuration: "\(configuration.fieldCount)"
            )
        }
    }
}

/// Runs a detector on one cloud at a time. Not for use by two tasks at once; a ``DetectionPipeline`` overlaps clouds.
public final class DetectionSession {
    private let detector: PointPillarsDetector
    private let device: Device
    private let stream: ExecutionStream
    private let context: ExecutionContext
    private let stopwatch = StageStopwatch()
    private let output: OutputBuffer
    private var input: InputBuffer?

    /// A session with a stream of its own on `device`.
    ///
    /// - Throws: ``PointPillarsError/running(_:)``.
    public init(_ detector: PointPillarsDetector, on device: Device) throws(PointPillarsError) {
        self.detector = detector
        self.device = device
        do {
            stream = try device.makeStream(name: "detection")
            context = try detector.engine.makeExecutionContext(on: device, name: "detection")
            output = try OutputBuffer(detector.engine, on: device)
        } catch {
            throw .running(error)
        }
        context.profiler = stopwatch
    }

    /// Finds the boxes in a cloud; blocks until they are there.
    ///
    /// - Throws: ``PointPillarsError/running(_:)``, ``PointPillarsError/mismatch(what:model:configuration:)`` for a cloud
    ///   with too many points.
    public func detect(_ cloud: PointCloud) throws(PointPillarsError) -> Detections {
        do {
            let cloud = cloud.withFieldCount(detector.configuration.fieldCount)
            let input = try inputBuffer(for: cloud.count)
            input.fill(cloud)
            let begin = ExecutionEvent()
            let uploaded = ExecutionEvent()
            try stream.record(begin)
            try input.upload(count: cloud.count, on: stream)
            try stream.record(uploaded)
            try context.enqueue(bindings: try input.bindings() + output.bindings(), on: stream)
            try output.download(on: stream)
            try stream.synchronize()
            var times = stopwatch.takeMilliseconds()
            times[.upload] = try uploaded.elapsedTime(from: begin)
            return output.detections(detector.configuration, stageMilliseconds: times, withTensors: false)
        } catch let error as ExecutionError {
            stream.clearError()
            throw .running(error)
        } catch let error as PointPillarsError {
            throw error
        } catch {
            throw .unknownModel(model: detector.engine.name, got: "\(error)", expected: "a run")
        }
    }

    /// An output of the last run by name, for networks made with ``PointPillarsNetwork/Options/showsTensors``.
    public func tensor(named name: String) -> Tensor? { output.tensor(name) }

    private func inputBuffer(for count: Int) throws -> InputBuffer {
        guard let capacity = InputBuffer.capacity(for: count) else {
            throw PointPillarsError.mismatch(
                what: "points of a cloud",
                model: "room for \(PointPillarsNetwork.capacities.upperBound)",
                configuration: "\(count) points"
            )
        }
        if let input, input.capacity == capacity { return input }
        let fieldCount = detector.configuration.fieldCount
        let made = try InputBuffer(device, capacity: capacity, fieldCount: fieldCount)
        try context.setInputShape([capacity, fieldCount], for: PointPillarsNetwork.pointsName)
        input = made
        return made
    }
}
