// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A whole file mapped read-only. Tensors that point into it keep it alive by holding it as their owner.
///
/// The file must not be truncated by others while it is mapped: reading past its new end raises SIGBUS.
///
/// - Safety: The object owns the mapping until `deinit` and never writes to it.
@safe
package final class MappedFile: @unchecked Sendable {
    // Safety: the mapping is read-only and neither its address nor its length ever changes.
    /// The path that was opened.
    package let path: String
    /// The length of the file in bytes.
    package let byteCount: Int
    private let base: UnsafeRawPointer

    /// Maps the file at `path`; an empty file is allowed.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``; a directory is refused with `EISDIR`.
    package init(path: String) throws(SystemError) {
        let descriptor = try FileDescriptor.open(path, flags: O_RDONLY, operation: "open")
        let information = try descriptor.information()
        guard information.st_mode & S_IFMT != S_IFDIR else {
            throw .file(operation: "map", path: path, errorNumber: EISDIR)
        }
        self.path = path
        byteCount = Int(information.st_size)
        // A mapping must not be empty: an empty file gets one page of zeroes that nobody reads.
        let flags = byteCount > 0 ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS
        let number = byteCount > 0 ? descriptor.number : -1
        let mapped = unsafe mmap(nil, max(1, byteCount), PROT_READ, flags, number, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw .file(operation: "map", path: path, errorNumber: errno)
        }
        unsafe base = UnsafeRawPointer(mapped)
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), max(1, byteCount))
    }

    /// The first byte; valid while this object lives.
    @unsafe
    package var baseAddress: UnsafeRawPointer { unsafe base }

    /// The bytes of the file.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Runs `body` on the bytes of the file.
    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Tells the system which bytes will be read soon, so that it reads ahead. A hint: failures are ignored.
    package func prefetch(_ range: Range<Int>) {
        guard range.lowerBound >= 0, range.upperBound <= byteCount else { return }
        let pageStart = range.lowerBound & ~4095
        _ = unsafe madvise(
            UnsafeMutableRawPointer(mutating: base + pageStart),
            range.upperBound - pageStart,
            MADV_WILLNEED
        )
    }
}
