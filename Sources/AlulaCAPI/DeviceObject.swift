// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

/// A device as C knows it, with its default stream at hand.
final class DeviceObject: HandleObject {
    static let kind = HandleKind.device
    let device: Device
    private let defaultStream = Locked<ExecutionStream?>(nil)

    init(_ device: Device) { self.device = device }

    /// The default stream, made at the first use.
    func stream() throws(ExecutionError) -> ExecutionStream {
        try defaultStream.withLock { stream throws(ExecutionError) in
            if let stream { return stream }
            let made = try device.defaultStream()
            stream = made
            return made
        }
    }

    // MARK: - The default device

    private struct Default {
        var object: DeviceObject
        var handle: UInt64
    }

    private static let current = Locked<Default?>(nil)

    /// The device of handle 0, made at the first use.
    private static func makeDefault() throws(ExecutionError) -> Default {
        try current.withLock { current throws(ExecutionError) in
            if let current { return current }
            let object = DeviceObject(try Device.cpu(threads: try Self.threadsFromEnvironment()))
            let made = Default(object: object, handle: HandleTable.shared.insert(object))
            current = made
            return made
        }
    }

    private static func threadsFromEnvironment() throws(ExecutionError) -> Int? {
        guard let text = Environment.value("ALULA_THREADS"), !text.isEmpty else { return nil }
        guard let count = Int(text), count > 0 else {
            throw .invalidArgument(
                .init("impossible thread count", in: "ALULA_THREADS", got: "'\(text)'", expected: "a positive number")
            )
        }
        return count
    }

    /// The handle of the default device.
    static func defaultHandle() throws(ExecutionError) -> UInt64 { try makeDefault().handle }

    /// Makes a device the default one.
    static func setDefault(_ handle: alula_device) throws(ExecutionError) {
        let object = try HandleTable.shared.object(handle.value, as: DeviceObject.self)
        current.withLock { $0 = Default(object: object, handle: handle.value) }
    }

    /// The device of a handle; the default one for 0.
    static func object(_ handle: alula_device) throws(ExecutionError) -> DeviceObject {
        if handle.value == 0 { return try makeDefault().object }
        return try HandleTable.shared.object(handle.value, as: DeviceObject.self)
    }

    /// The default stream of `device`, found again among the devices C knows.
    static func defaultStream(of device: Device) throws(ExecutionError) -> ExecutionStream {
        let object = current.withLock { $0?.object }
        if let object, object.device === device { return try object.stream() }
        return try device.defaultStream()
    }
}

@c @implementation
public func alula_device_create(
    _ threads: Int32,
    _ teams: Int32,
    _ memoryLimit: Int64,
    _ device: UnsafeMutablePointer<alula_device>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(device, "device")
        let made = try Device.cpu(
            threads: threads == 0 ? nil : Int(threads),
            teams: teams == 0 ? 1 : Int(teams),
            memoryLimitByteCount: memoryLimit == 0 ? nil : Int(memoryLimit)
        )
        try store(alula_device(value: HandleTable.shared.insert(DeviceObject(made))), device, "device")
    }
}

@c @implementation
public func alula_device_default(_ device: UnsafeMutablePointer<alula_device>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try store(alula_device(value: try DeviceObject.defaultHandle()), device, "device")
    }
}

@c @implementation
public func alula_device_set_default(_ device: alula_device) -> alula_status {
    attempt { () throws(ExecutionError) in try DeviceObject.setDefault(device) }
}

@c @implementation
public func alula_device_destroy(_ device: alula_device) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(device.value, as: DeviceObject.self) }
}

@c @implementation
public func alula_device_synchronize(_ device: alula_device) -> alula_status {
    attempt { () throws(ExecutionError) in try DeviceObject.object(device).device.synchronize() }
}

@c @implementation
public func alula_device_get_information(
    _ device: alula_device,
    _ information: UnsafeMutablePointer<alula_device_information>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let device = try DeviceObject.object(device).device
        let values = alula_device_information(
            thread_count: Int32(device.threadCount),
            team_count: Int32(device.teamCount),
            memory_limit: Int64(device.memoryLimitByteCount),
            allocated_byte_count: Int64(device.allocatedByteCount),
            pooled_byte_count: Int64(device.pooledByteCount)
        )
        try store(values, information, "information")
    }
}

private let processorName = CText(CPUTopology.current.modelName)
private let version = CText("0.1.0")

@c @implementation
public func alula_device_name() -> UnsafePointer<CChar>? { unsafe processorName.pointer }

@c @implementation
public func alula_version() -> UnsafePointer<CChar>? { unsafe version.pointer }
