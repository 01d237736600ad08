// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Memory for the points of one cloud, on the host and on the device; grows when a cloud needs it.
final class InputBuffer: Sendable {
    /// Points there is room for.
    let capacity: Int
    private let fieldCount: Int
    private let host: HostMemory
    private let device: DeviceMemory
    /// Bytes of the points; their number follows at the next multiple of 256.
    private let pointByteCount: Int

    /// The capacity a cloud of `count` points runs with: powers of four, so that few engine instances serve all clouds.
    static func capacity(for count: Int) -> Int? {
        var capacity = 1 << 15
        while capacity < count { capacity *= 4 }
        return PointPillarsNetwork.capacities.contains(capacity) ? capacity : nil
    }

    init(_ device: Device, capacity: Int, fieldCount: Int) throws(ExecutionError) {
        self.capacity = capacity
        self.fieldCount = fieldCount
        pointByteCount = (capacity * fieldCount * 4 + 255) / 256 * 256
        host = try device.allocateHost(byteCount: pointByteCount + 4)
        self.device = try device.allocate(byteCount: pointByteCount + 4)
    }

    /// Copies a cloud of at most ``capacity`` points to host memory. No command may still read it.
    func fill(_ cloud: PointCloud) {
        let values = cloud.values
        host.withMutableElements(of: Float.self) { elements in
            for index in values.indices { elements[index] = values[index] }
        }
        host.withMutableElements(of: Int32.self) { elements in elements[pointByteCount / 4] = Int32(cloud.count) }
    }

    /// Enqueues the copies of `count` points to the device.
    func upload(count: Int, on stream: ExecutionStream) throws(ExecutionError) {
        let byteCount = count * fieldCount * 4
        if byteCount > 0 {
            try stream.copy(from: try host.slice(0..<byteCount), to: try device.slice(0..<byteCount))
        }
        let number = pointByteCount..<pointByteCount + 4
        try stream.copy(from: try host.slice(number), to: try device.slice(number))
    }

    /// The engine's inputs.
    func bindings() throws(ExecutionError) -> [MemoryRange] {
        [
            try device.slice(0..<capacity * fieldCount * 4),
            try device.slice(pointByteCount..<pointByteCount + 4),
        ]
    }
}

/// Memory for the outputs of one run, on the device and on the host.
final class OutputBuffer: Sendable {
    private struct Output {
        var device: DeviceMemory
        var host: HostMemory
        var type: TensorType
    }

    private let outputs: [(name: String, output: Output)]

    init(_ engine: Engine, on device: Device) throws(ExecutionError) {
        var outputs: [(name: String, output: Output)] = []
        for binding in engine.bindings where binding.mode == .output {
            let shape = Shape((binding.dimensions ?? []).map { $0.extent ?? 1 })
            let type = TensorType(binding.dataType, shape)
            let byteCount = max(type.byteCount, 1)
            let output = Output(
                device: try device.allocate(byteCount: byteCount),
                host: try device.allocateHost(byteCount: byteCount),
                type: type
            )
            outputs.append((binding.name, output))
        }
        self.outputs = outputs
    }

    /// The engine's outputs.
    func bindings() throws(ExecutionError) -> [MemoryRange] {
        try outputs.map { output throws(ExecutionError) in try output.output.device.memoryRange() }
    }

    /// Enqueues the copies of all outputs to the host.
    func download(on stream: ExecutionStream) throws(ExecutionError) {
        for (_, output) in outputs { try stream.copy(from: output.device, to: output.host) }
    }

    // MARK: - Reading, once the copies have run

    /// The elements of an output; empty when there is none of this name.
    func elements<T: Element>(_ name: String, as type: T.Type) -> [T] {
        guard let output = outputs.first(where: { $0.name == name })?.output else { return [] }
        return output.host.withElements(of: T.self) { span in
            (0..<min(span.count, output.type.shape.elementCount)).map { span[$0] }
        }
    }

    /// An output as a tensor of its own; nil when there is none of this name, or it is not float32, int32 or bool.
    func tensor(_ name: String) -> Tensor? {
        guard let type = outputs.first(where: { $0.name == name })?.output.type else { return nil }
        switch type.dataType {
        case .float32: return Tensor(elements(name, as: Float.self), shape: type.shape)
        case .int32: return Tensor(elements(name, as: Int32.self), shape: type.shape)
        case .bool: return Tensor(elements(name, as: Bool.self), shape: type.shape)
        default: return nil
        }
    }

    /// The boxes and counters, and all outputs if they are wanted.
    func detections(
        _ configuration: PointPillarsConfiguration,
        stageMilliseconds: [Stage: Double],
        withTensors: Bool
    ) -> Detections {
        let names = PointPillarsNetwork.boxNames
        let boxes = elements(names[0], as: Float.self)
        let scores = elements(names[1], as: Float.self)
        let labels = elements(names[2], as: Int32.self)
        let anchors = elements(names[4], as: Int32.self)
        let margins = elements(names[5], as: Float.self)
        let count = Int(elements(names[3], as: Int32.self).first ?? 0)
        let found = (0..<min(count, scores.count)).map { index in
            let box = boxes[index * 7..<index * 7 + 7].map(\.self)
            return Detection(
                label: Int(labels[index]),
                className: configuration.className(Int(labels[index])),
                centre: SIMD3(box[0], box[1], box[2]),
                length: box[3],
                width: box[4],
                height: box[5],
                yaw: box[6],
                score: scores[index],
                anchor: Int(anchors[index]),
                directionMargin: margins[index]
            )
        }
        let counters = DetectionCounters(
            cloud: elements(PointPillarsNetwork.cloudCountersName, as: Int32.self),
            anchors: elements(PointPillarsNetwork.anchorCountersName, as: Int32.self)
        )
        var tensors: [String: Tensor] = [:]
        if withTensors {
            for (name, _) in outputs { tensors[name] = tensor(name) }
        }
        return Detections(boxes: found, counters: counters, stageMilliseconds: stageMilliseconds, tensors: tensors)
    }
}
