// SPDX-License-Identifier: Apache-2.0

/// The address of a byte of device or pinned host memory, as the plain number that C and Python pass around.
///
/// An address owns nothing and can always be made; it is checked against the device's live allocations when it is used.
public struct DeviceAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public var rawValue: UInt

    /// Wraps a number.
    public init(_ rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// The address `byteCount` bytes further on; wraps.
    public func advanced(byByteCount byteCount: Int) -> DeviceAddress {
        DeviceAddress(rawValue &+ UInt(bitPattern: byteCount))
    }

    /// Order by number.
    public static func < (left: DeviceAddress, right: DeviceAddress) -> Bool { left.rawValue < right.rawValue }

    /// Hexadecimal, as debuggers print it.
    public var description: String { "0x" + String(rawValue, radix: 16) }
}
