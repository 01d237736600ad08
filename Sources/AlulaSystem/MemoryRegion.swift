// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A range of bytes together with the object that keeps it alive: what copies and fills work on.
///
/// - Safety: `owner` keeps `byteCount` bytes from `base` on valid for as long as a copy of this value exists, and every
///   operation checks its bounds. Ordering between threads is the business of streams and events.
@safe
package struct MemoryRegion: @unchecked Sendable {
    // Safety: address, length and owner never change; the bytes are ordered by the commands that touch them.
    private let base: UnsafeMutableRawPointer
    /// The number of bytes in the region.
    package let byteCount: Int
    private let owner: AnyObject?

    /// A region of `byteCount` bytes at `base` that `owner` keeps alive.
    ///
    /// With `owner == nil` the caller keeps the bytes alive for as long as the region is used.
    @unsafe
    package init(base: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject?) {
        precondition(byteCount >= 0, "a region has \(byteCount) bytes")
        unsafe self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    /// The first byte; valid while a copy of this value lives.
    @unsafe
    package var baseAddress: UnsafeMutableRawPointer { unsafe base }

    /// The address of the first byte as a number.
    package var address: UInt { UInt(bitPattern: unsafe base) }

    /// The bytes `range` of this region; traps when they are not inside.
    package func slice(_ range: Range<Int>) -> MemoryRegion {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount,
            "\(range) is not inside \(byteCount) bytes"
        )
        return unsafe MemoryRegion(base: base + range.lowerBound, byteCount: range.count, owner: owner)
    }

    /// Copies all bytes of `source` to the start of this region; the two may overlap. Traps when they do not fit.
    package func copyBytes(from source: MemoryRegion) {
        precondition(source.byteCount <= byteCount, "\(source.byteCount) bytes do not fit into \(byteCount)")
        unsafe memmove(base, source.base, source.byteCount)
    }

    /// Copies all bytes of `source` to the start of this region. Traps when they do not fit.
    package func copyBytes(from source: RawSpan) {
        precondition(source.byteCount <= byteCount, "\(source.byteCount) bytes do not fit into \(byteCount)")
        unsafe source.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { unsafe memmove(base, start, bytes.count) }
        }
    }

    /// Sets every byte to `value`.
    package func fill(with value: UInt8) {
        unsafe memset(base, Int32(value), byteCount)
    }

    /// Runs `body` on the bytes for reading.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: byteCount))
    }

    /// Runs `body` on the bytes for writing.
    package func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var bytes = unsafe MutableRawSpan(_unsafeStart: base, byteCount: byteCount)
        return try body(&bytes)
    }

    /// Runs `body` with the bytes of `span` as a region, which must not outlive the call.
    package static func withTemporaryRegion<Result, Failure: Error>(
        of span: inout MutableRawSpan,
        _ body: (MemoryRegion) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let byteCount = span.byteCount
        let base = unsafe span.withUnsafeMutableBytes { $0.baseAddress }
        guard let base = unsafe base else {
            return try body(emptyRegion)
        }
        return try body(unsafe MemoryRegion(base: base, byteCount: byteCount, owner: nil))
    }

    private static let emptyRegion: MemoryRegion = unsafe MemoryRegion(
        base: UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1),
        byteCount: 0,
        owner: nil
    )
}
