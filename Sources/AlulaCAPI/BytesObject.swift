// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
public import CAlula

/// Bytes or text that a call made for C.
final class BytesObject: HandleObject {
    static let kind = HandleKind.bytes
    let bytes: Tensor

    init(_ bytes: Tensor) { self.bytes = bytes }

    convenience init(_ text: String) {
        let utf8 = Array(text.utf8)
        self.init(Tensor(utf8, shape: [utf8.count]))
    }

    /// A handle for the bytes.
    static func handle(_ text: String) -> alula_bytes {
        alula_bytes(value: HandleTable.shared.insert(BytesObject(text)))
    }

    /// A handle for the bytes.
    static func handle(_ bytes: Tensor) -> alula_bytes {
        alula_bytes(value: HandleTable.shared.insert(BytesObject(bytes)))
    }
}

@c @implementation
public func alula_bytes_get(
    _ bytes: alula_bytes,
    _ start: UnsafeMutablePointer<UnsafeRawPointer?>?,
    _ byteCount: UnsafeMutablePointer<Int>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let object = try HandleTable.shared.object(bytes.value, as: BytesObject.self)
        unsafe try store(UnsafeRawPointer(bitPattern: object.bytes.address), start, "start")
        try store(object.bytes.byteCount, byteCount, "byte_count")
    }
}

@c @implementation
public func alula_bytes_destroy(_ bytes: alula_bytes) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(bytes.value, as: BytesObject.self) }
}
