// SPDX-License-Identifier: Apache-2.0

/// Writes protobuf's wire format, for tests of the reader.
package struct WireWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    /// An empty message.
    package init() {}

    /// An integer field.
    package mutating func integer(_ number: Int, _ value: Int) {
        varint(number << 3)
        varint(value)
    }

    /// A `float` field.
    package mutating func float(_ number: Int, _ value: Float) {
        varint(number << 3 | 5)
        fixed(UInt64(value.bitPattern), byteCount: 4)
    }

    /// A `double` field.
    package mutating func double(_ number: Int, _ value: Double) {
        varint(number << 3 | 1)
        fixed(value.bitPattern, byteCount: 8)
    }

    /// A string field.
    package mutating func string(_ number: Int, _ value: String) { self.bytes(number, Array(value.utf8)) }

    /// A bytes field.
    package mutating func bytes(_ number: Int, _ value: [UInt8]) {
        varint(number << 3 | 2)
        varint(value.count)
        bytes += value
    }

    /// A nested message.
    package mutating func message(_ number: Int, _ write: (inout WireWriter) -> Void) {
        var inner = WireWriter()
        write(&inner)
        bytes(number, inner.bytes)
    }

    /// A packed list of integers.
    package mutating func packedIntegers(_ number: Int, _ values: [Int]) {
        message(number) { inner in
            for value in values { inner.varint(value) }
        }
    }

    /// A packed list of floats.
    package mutating func packedFloats(_ number: Int, _ values: [Float]) {
        message(number) { inner in
            for value in values { inner.fixed(UInt64(value.bitPattern), byteCount: 4) }
        }
    }

    /// A packed list of doubles.
    package mutating func packedDoubles(_ number: Int, _ values: [Double]) {
        message(number) { inner in
            for value in values { inner.fixed(value.bitPattern, byteCount: 8) }
        }
    }

    private mutating func fixed(_ value: UInt64, byteCount: Int) {
        for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }

    private mutating func varint(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
