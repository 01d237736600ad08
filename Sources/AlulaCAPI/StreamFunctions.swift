// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

extension ExecutionStream: HandleObject {
    static var kind: HandleKind { .stream }
}

extension ExecutionEvent: HandleObject {
    static var kind: HandleKind { .event }
}

/// The stream of a handle; 0 and 1 are the default stream, as in CUDA.
///
/// - Parameter device: the device whose default stream is meant; nil for the default device.
func streamObject(_ handle: alula_stream, on device: Device? = nil) throws(ExecutionError) -> ExecutionStream {
    guard handle.value > 1 else {
        guard let device else { return try DeviceObject.object(alula_device()).stream() }
        return try DeviceObject.defaultStream(of: device)
    }
    return try HandleTable.shared.object(handle.value, as: ExecutionStream.self)
}

/// The event of a handle; nil for 0.
func eventObject(_ handle: alula_event) throws(ExecutionError) -> ExecutionEvent? {
    handle.value == 0 ? nil : try HandleTable.shared.object(handle.value, as: ExecutionEvent.self)
}

// MARK: - Streams

@c @implementation
public func alula_stream_create(
    _ device: alula_device,
    _ priority: Int32,
    _ flags: alula_stream_flags,
    _ name: UnsafePointer<CChar>?,
    _ stream: UnsafeMutablePointer<alula_stream>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(stream, "stream")
        let made = try DeviceObject.object(device).device.makeStream(
            name: unsafe name == nil ? nil : try string(name, "name"),
            priority: Int(priority),
            isNonBlocking: flags & UInt32(ALULA_STREAM_NON_BLOCKING) != 0
        )
        try store(alula_stream(value: HandleTable.shared.insert(made)), stream, "stream")
    }
}

@c @implementation
public func alula_stream_destroy(_ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in
        try HandleTable.shared.remove(stream.value, as: ExecutionStream.self).destroy()
    }
}

@c @implementation
public func alula_stream_synchronize(_ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in try streamObject(stream).synchronize() }
}

@c @implementation
public func alula_stream_query(_ stream: alula_stream) -> alula_status {
    attemptQuery { () throws(ExecutionError) in try streamObject(stream).query() }
}

@c @implementation
public func alula_stream_record(_ stream: alula_stream, _ event: alula_event) -> alula_status {
    attempt { () throws(ExecutionError) in
        try streamObject(stream).record(HandleTable.shared.object(event.value, as: ExecutionEvent.self))
    }
}

@c @implementation
public func alula_stream_wait(_ stream: alula_stream, _ event: alula_event) -> alula_status {
    attempt { () throws(ExecutionError) in
        try streamObject(stream).wait(for: HandleTable.shared.object(event.value, as: ExecutionEvent.self))
    }
}

@c @implementation
public func alula_stream_get_flags(
    _ stream: alula_stream,
    _ flags: UnsafeMutablePointer<alula_stream_flags>?,
    _ priority: UnsafeMutablePointer<Int32>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let stream = try streamObject(stream)
        try store(stream.isNonBlocking ? UInt32(ALULA_STREAM_NON_BLOCKING) : 0, flags, "flags")
        try store(Int32(stream.priority), priority, "priority")
    }
}

@c @implementation
public func alula_stream_clear_error(_ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in try streamObject(stream).clearError() }
}

@c @implementation
public func alula_stream_call(
    _ stream: alula_stream,
    _ function: alula_host_function?,
    _ user: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        guard let function = UserFunction(function) else { throw .missing("function") }
        let user = UserPointer(user)
        try streamObject(stream).launchHostFunction { () throws(ExecutionError) in unsafe function.call(user.pointer) }
    }
}

@c @implementation
public func alula_stream_allocate(
    _ stream: alula_stream,
    _ byteCount: Int,
    _ address: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(address, "address")
        let stream = try streamObject(stream)
        let made = OwnedMemory.keep(try stream.allocateAsync(byteCount: byteCount), on: stream.device)
        unsafe try store(UnsafeMutableRawPointer(bitPattern: made.rawValue), address, "address")
    }
}

@c @implementation
public func alula_stream_free(_ stream: alula_stream, _ address: UnsafeMutableRawPointer?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try OwnedMemory.free(UInt(bitPattern: address), on: try streamObject(stream))
    }
}

// MARK: - Events

@c @implementation
public func alula_event_create(
    _ flags: alula_event_flags,
    _ event: UnsafeMutablePointer<alula_event>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(event, "event")
        let made = ExecutionEvent(
            isTimed: flags & UInt32(ALULA_EVENT_NO_TIMING) == 0,
            wait: flags & UInt32(ALULA_EVENT_BLOCKING) == 0 ? .spinning : .blocking
        )
        try store(alula_event(value: HandleTable.shared.insert(made)), event, "event")
    }
}

@c @implementation
public func alula_event_destroy(_ event: alula_event) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(event.value, as: ExecutionEvent.self) }
}

@c @implementation
public func alula_event_query(_ event: alula_event) -> alula_status {
    attemptQuery { () throws(ExecutionError) in
        try HandleTable.shared.object(event.value, as: ExecutionEvent.self).query()
    }
}

@c @implementation
public func alula_event_synchronize(_ event: alula_event) -> alula_status {
    attempt { () throws(ExecutionError) in
        try HandleTable.shared.object(event.value, as: ExecutionEvent.self).synchronize()
    }
}

@c @implementation
public func alula_event_elapsed(
    _ start: alula_event,
    _ end: alula_event,
    _ milliseconds: UnsafeMutablePointer<Double>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let start = try HandleTable.shared.object(start.value, as: ExecutionEvent.self)
        let end = try HandleTable.shared.object(end.value, as: ExecutionEvent.self)
        try store(try end.elapsedTime(from: start), milliseconds, "milliseconds")
    }
}

@c @implementation
public func alula_event_notify(_ event: alula_event, _ file: Int32) -> alula_status {
    attempt { () throws(ExecutionError) in
        try HandleTable.shared.object(event.value, as: ExecutionEvent.self).whenComplete { WakeupFile.signal(file) }
    }
}
