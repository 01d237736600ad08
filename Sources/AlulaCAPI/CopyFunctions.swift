// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

/// One end of a copy.
private enum CopyEnd {
    /// Memory of the device, or pinned.
    case known(MemoryRange)
    /// Memory only the caller knows.
    case pageable(MemoryRegion)

    /// - Parameter isHost: whether the caller says that it is host memory, or does not say.
    init(
        _ address: UInt,
        _ byteCount: Int,
        isHost: Bool,
        on device: Device,
        role: String
    ) throws(ExecutionError) {
        let place = DeviceAddress(address)
        if !isHost || device.memoryKind(at: place) != nil {
            self = .known(try device.memoryRange(at: place, byteCount: byteCount, for: role))
            return
        }
        guard let start = unsafe UnsafeMutableRawPointer(bitPattern: address) else { throw .missing("host address") }
        self = .pageable(unsafe MemoryRegion(base: start, byteCount: byteCount, owner: nil))
    }
}

private func copy(
    on stream: ExecutionStream,
    to destination: UInt,
    from source: UInt,
    byteCount: Int,
    kind: alula_copy_kind
) throws(ExecutionError) {
    guard (0...5).contains(kind) else {
        throw .invalidArgument(
            .init("impossible copy kind", in: "copy", got: "\(kind)", expected: "one of alula_copy_kind")
        )
    }
    guard byteCount > 0 else { return }
    let isBorrowed = kind == Int32(ALULA_COPY_BORROWED)
    let infers = isBorrowed || kind == Int32(ALULA_COPY_INFER)
    let source = try CopyEnd(
        source,
        byteCount,
        isHost: infers || kind < Int32(ALULA_COPY_DEVICE_TO_HOST),
        on: stream.device,
        role: "copy source"
    )
    let destination = try CopyEnd(
        destination,
        byteCount,
        isHost: infers || kind % 2 == 0,
        on: stream.device,
        role: "copy destination"
    )
    switch (source, destination) {
    case (.known(let source), .known(let destination)):
        try stream.copy(from: source, to: destination, byteCount: byteCount)
    case (.pageable(let source), .known(let destination)):
        try stream.copy(fromPageable: source, to: destination, isBorrowed: isBorrowed)
    case (.known(let source), .pageable(let destination)):
        try stream.copy(from: source, toPageable: destination, isBorrowed: isBorrowed)
    case (.pageable(let source), .pageable(let destination)):
        try stream.synchronize()
        destination.copyBytes(from: source)
    }
}

@c @implementation
public func alula_copy_async(
    _ stream: alula_stream,
    _ destination: UnsafeMutableRawPointer?,
    _ source: UnsafeRawPointer?,
    _ byteCount: Int,
    _ kind: alula_copy_kind
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try copy(
            on: streamObject(stream),
            to: UInt(bitPattern: destination),
            from: UInt(bitPattern: source),
            byteCount: byteCount,
            kind: kind
        )
    }
}

@c @implementation
public func alula_copy(
    _ device: alula_device,
    _ destination: UnsafeMutableRawPointer?,
    _ source: UnsafeRawPointer?,
    _ byteCount: Int,
    _ kind: alula_copy_kind
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let stream = try DeviceObject.object(device).stream()
        try copy(
            on: stream,
            to: UInt(bitPattern: destination),
            from: UInt(bitPattern: source),
            byteCount: byteCount,
            kind: kind
        )
        try stream.synchronize()
    }
}

@c @implementation
public func alula_fill_async(
    _ stream: alula_stream,
    _ destination: UnsafeMutableRawPointer?,
    _ value: Int32,
    _ byteCount: Int
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let stream = try streamObject(stream)
        let address = DeviceAddress(UInt(bitPattern: destination))
        let range = try stream.device.memoryRange(at: address, byteCount: byteCount, for: "fill destination")
        guard byteCount > 0 else { return }
        try stream.fill(range, with: UInt8(truncatingIfNeeded: value))
    }
}
