// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// The memory an interpreted kernel sees.
package protocol KernelMemory {
    /// The value of `byteCount` bytes (1, 2, 4 or 8) at `address`, least significant byte first.
    func load(_ address: Int, byteCount: Int) throws(MemoryFault) -> UInt64
    /// Writes the low `byteCount` bytes of `value` at `address`.
    mutating func store(_ value: UInt64, _ address: Int, byteCount: Int) throws(MemoryFault)
}

/// An access outside the memory a kernel was given.
package struct MemoryFault: Error, Hashable {
    package let address: Int
    package let byteCount: Int
}

/// The memory of the process: interpreted kernels work on the tensors compiled ones would. Nothing is checked.
package struct ProcessMemory: KernelMemory {
    package init() {}

    package func load(_ address: Int, byteCount: Int) -> UInt64 {
        RawMemoryAccess.load(UInt(bitPattern: address), byteCount: byteCount)
    }

    package mutating func store(_ value: UInt64, _ address: Int, byteCount: Int) {
        RawMemoryAccess.store(value, UInt(bitPattern: address), byteCount: byteCount)
    }
}

/// Separate buffers at made-up addresses with gaps between them; every access is checked.
///
/// Tests give a kernel its operands here: an access one byte outside a buffer is a fault with its address.
package struct CheckedMemory: KernelMemory {
    private struct Buffer {
        let start: Int
        var bytes: [UInt8]
    }

    private var buffers: [Buffer] = []
    private static let gapByteCount = 1 << 20

    package init() {}

    /// Adds a buffer and returns its address, a multiple of 64.
    package mutating func add(_ bytes: [UInt8]) -> Int {
        let end = buffers.last.map { $0.start + $0.bytes.count } ?? 0
        let start = (end + Self.gapByteCount + 63) / 64 * 64
        buffers.append(Buffer(start: start, bytes: bytes))
        return start
    }

    /// The bytes of the buffer at `address`, as the kernel left them; empty for an address ``add(_:)`` did not return.
    package func bytes(at address: Int) -> [UInt8] { buffers.first { $0.start == address }?.bytes ?? [] }

    private func locate(_ address: Int, _ byteCount: Int) throws(MemoryFault) -> (buffer: Int, offset: Int) {
        for (index, buffer) in buffers.enumerated() {
            let offset = address - buffer.start
            if offset >= 0 && offset + byteCount <= buffer.bytes.count { return (index, offset) }
        }
        throw MemoryFault(address: address, byteCount: byteCount)
    }

    package func load(_ address: Int, byteCount: Int) throws(MemoryFault) -> UInt64 {
        let (buffer, offset) = try locate(address, byteCount)
        var value: UInt64 = 0
        for index in (0..<byteCount).reversed() { value = value << 8 | UInt64(buffers[buffer].bytes[offset + index]) }
        return value
    }

    package mutating func store(_ value: UInt64, _ address: Int, byteCount: Int) throws(MemoryFault) {
        let (buffer, offset) = try locate(address, byteCount)
        for index in 0..<byteCount {
            buffers[buffer].bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }
}
