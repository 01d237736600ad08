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

    /// Runs `body` on the bytes as elements of `type`; a rest shorter than an element is left out. Traps when misaligned.
    package func withElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type,
        _ body: (Span<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(address % UInt(MemoryLayout<Element>.alignment) == 0, "misaligned for \(Element.self)")
        let count = byteCount / MemoryLayout<Element>.stride
        let start = unsafe UnsafePointer(base.assumingMemoryBound(to: Element.self))
        return try body(unsafe Span(_unsafeStart: start, count: count))
    }

    /// Runs `body` on the bytes as writable elements of `type`; as ``withElements(of:_:)``.
    package func withMutableElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type,
        _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(address % UInt(MemoryLayout<Element>.alignment) == 0, "misaligned for \(Element.self)")
        let count = byteCount / MemoryLayout<Element>.stride
        var elements = unsafe MutableSpan(_unsafeStart: base.assumingMemoryBound(to: Element.self), count: count)
        return try body(&elements)
    }

    /// Copies all `elements` to the start of this region. Traps when they do not fit.
    package func copyElements<Element: BitwiseCopyable>(from elements: Span<Element>) {
        copyBytes(from: unsafe elements.bytes)
    }

    /// Runs `body` with the bytes of `elements` as a region, which must not outlive the call.
    package static func withTemporaryRegion<Element: BitwiseCopyable, Result, Failure: Error>(
        of elements: inout MutableSpan<Element>,
        _ body: (MemoryRegion) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let byteCount = elements.count * MemoryLayout<Element>.stride
        let start = unsafe elements.withUnsafeMutableBufferPointer { $0.baseAddress }
        guard let start = unsafe start else { return try body(emptyRegion) }
        return try body(unsafe MemoryRegion(base: UnsafeMutableRawPointer(start), byteCount: byteCount, owner: nil))
    }

    /// A region without bytes.
    private static let emptyRegion: MemoryRegion = unsafe MemoryRegion(
        base: UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1),
        byteCount: 0,
        owner: nil
    )
}
