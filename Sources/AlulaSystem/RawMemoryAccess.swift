// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Single values at numeric addresses, unaligned: how interpreted kernels reach the tensors compiled ones would.
///
/// - Safety: An address is as trustworthy as the argument structure it came from. The caller holds whatever owns the bytes
///   for the duration of the call, exactly as for compiled code.
@safe
package enum RawMemoryAccess {
    /// The value of `byteCount` bytes (1, 2, 4 or 8) at `address`, least significant byte first.
    package static func load(_ address: UInt, byteCount: Int) -> UInt64 {
        var value: UInt64 = 0
        guard let source = unsafe UnsafeRawPointer(bitPattern: address) else { return 0 }
        unsafe withUnsafeMutableBytes(of: &value) { bytes in
            if let start = bytes.baseAddress { unsafe memcpy(start, source, min(byteCount, 8)) }
        }
        return value
    }

    /// Writes the low `byteCount` bytes (1, 2, 4 or 8) of `value` at `address`.
    package static func store(_ value: UInt64, _ address: UInt, byteCount: Int) {
        guard let destination = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
        unsafe withUnsafeBytes(of: value) { bytes in
            if let start = bytes.baseAddress { unsafe memcpy(destination, start, min(byteCount, 8)) }
        }
    }
}
