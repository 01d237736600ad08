// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Owned, zero-filled memory at a 256-byte boundary (TensorRT's alignment for bindings), or memory borrowed from a caller.
///
/// From 128 KiB on the memory is mapped directly, so zeroes cost nothing until touched; from 2 MiB on it starts at a 2 MiB
/// boundary and asks for huge pages.
///
/// - Safety: The object owns `byteCount` bytes from ``baseAddress`` on until `deinit`, or whoever lent them keeps them valid
///   until the object calls back from `deinit`. It does not order accesses: whoever
///   shares it between threads does (streams, events).
@safe
package final class AlignedAllocation: @unchecked Sendable {
    // Safety: base and sizes never change; the bytes are ordered by the commands that touch them.
    /// The smallest alignment of every allocation, in bytes.
    package static let alignmentByteCount = 256

    /// The bytes asked for; zero is allowed and still has an address of its own.
    package let byteCount: Int
    private let base: UnsafeMutableRawPointer
    private let reservedByteCount: Int
    private let origin: Origin

    /// Where the bytes come from, and so where they go.
    private enum Origin: Sendable {
        case heap
        case mapping
        case borrowed(giveBack: @Sendable () -> Void)
    }

    /// Allocates `byteCount` zero bytes.
    /// - Throws: ``SystemError/outOfMemory(byteCount:limitByteCount:)``, ``SystemError/invalidArgument(name:got:expected:)``.
    package init(byteCount: Int) throws(SystemError) {
        guard byteCount >= 0 else {
            throw .invalidArgument(name: "byte count", got: "\(byteCount)", expected: "zero or more")
        }
        let limitByteCount = MemoryLimits.current.usableByteCount
        guard byteCount <= limitByteCount else {
            throw .outOfMemory(byteCount: byteCount, limitByteCount: limitByteCount)
        }
        let rounded = (max(byteCount, 1) + Self.alignmentByteCount - 1) & ~(Self.alignmentByteCount - 1)
        let isMapped = rounded >= 128 << 10
        let pointer = unsafe isMapped ? Self.map(byteCount: rounded) : Self.allocateSmall(byteCount: rounded)
        guard let pointer = unsafe pointer else {
            throw .outOfMemory(byteCount: byteCount, limitByteCount: limitByteCount)
        }
        self.byteCount = byteCount
        unsafe base = pointer
        reservedByteCount = rounded
        origin = isMapped ? .mapping : .heap
    }

    /// Borrows `byteCount` bytes at any alignment.
    ///
    /// - Safety: they stay valid, and writable if anything writes them, until `giveBack` is called.
    @unsafe
    package init(
        borrowing start: UnsafeMutableRawPointer,
        byteCount: Int,
        giveBack: @escaping @Sendable () -> Void
    ) {
        self.byteCount = byteCount
        unsafe base = start
        reservedByteCount = byteCount
        origin = .borrowed(giveBack: giveBack)
    }

    deinit {
        switch origin {
        case .heap: unsafe free(base)
        case .mapping: unsafe munmap(base, reservedByteCount)
        case .borrowed(let giveBack): giveBack()
        }
    }

    /// The first byte; valid while this object lives.
    @unsafe
    package var baseAddress: UnsafeMutableRawPointer { unsafe base }

    /// All bytes, as a region that keeps this object alive.
    package var region: MemoryRegion { unsafe MemoryRegion(base: base, byteCount: byteCount, owner: self) }

    private static func allocateSmall(byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let pointer = unsafe aligned_alloc(alignmentByteCount, byteCount) else { return nil }
        unsafe memset(pointer, 0, byteCount)
        return unsafe pointer
    }

    /// Maps private zero pages; big mappings are trimmed to a huge-page boundary.
    private static func map(byteCount: Int) -> UnsafeMutableRawPointer? {
        let hugePageByteCount = 2 << 20
        let slackByteCount = byteCount >= hugePageByteCount ? hugePageByteCount : 0
        let protection = PROT_READ | PROT_WRITE
        let mapped = unsafe mmap(nil, byteCount + slackByteCount, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        guard slackByteCount > 0 else { return unsafe mapped }
        let aligned = unsafe mapped.alignedUp(toMultipleOf: hugePageByteCount)
        let headByteCount = unsafe aligned - mapped
        if headByteCount > 0 { unsafe munmap(mapped, headByteCount) }
        // The tail starts on a page: the kernel wants page-aligned starts and rounds lengths up.
        let pageByteCount = 4096
        let end = unsafe (aligned + byteCount).alignedUp(toMultipleOf: pageByteCount)
        let tailByteCount = unsafe (mapped + byteCount + slackByteCount) - end
        if tailByteCount > 0 { unsafe munmap(end, tailByteCount) }
        unsafe madvise(aligned, byteCount, MADV_HUGEPAGE)
        return unsafe aligned
    }
}

extension AlignedAllocation {
    /// Allocates a copy of `elements`.
    /// - Throws: As ``init(byteCount:)``.
    package convenience init<Element: BitwiseCopyable>(copying elements: Span<Element>) throws(SystemError) {
        try self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
        region.copyElements(from: elements)
    }
}
