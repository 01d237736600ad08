// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Machine code in memory of its own: written once while not executable, then executable and never writable again.
///
/// - Safety: The value owns whole pages from ``address`` on until it is destroyed; nobody may run or read them later.
///   The pages are mapped read-write, filled, and sealed read-execute before the initialiser returns.
@safe
package struct ExecutableMemory: ~Copyable, @unchecked Sendable {
    // Safety: the pages are immutable after the initialiser, and address and length never change.
    private let base: UnsafeMutableRawPointer
    /// Bytes of code, not counting the rest of the last page.
    package let byteCount: Int
    private let mappedByteCount: Int

    /// Maps `code` at a fresh page boundary.
    /// - Throws: ``SystemError/outOfMemory(byteCount:limitByteCount:)`` when the system gives no pages,
    ///   ``SystemError/file(operation:path:errorNumber:)`` when it forbids executing them,
    ///   ``SystemError/invalidArgument(name:got:expected:)`` for no code at all.
    package init(code: [UInt8]) throws(SystemError) {
        guard !code.isEmpty else { throw .invalidArgument(name: "code", got: "0 bytes", expected: "at least one byte") }
        let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))
        let mappedByteCount = (code.count + pageByteCount - 1) / pageByteCount * pageByteCount
        let mapped = unsafe mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw .outOfMemory(byteCount: code.count, limitByteCount: MemoryLimits.current.usableByteCount)
        }
        unsafe code.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { unsafe memcpy(mapped, start, bytes.count) }
        }
        guard unsafe mprotect(mapped, mappedByteCount, PROT_READ | PROT_EXEC) == 0 else {
            let errorNumber = errno
            unsafe munmap(mapped, mappedByteCount)
            throw .file(operation: "make memory executable", path: "anonymous", errorNumber: errorNumber)
        }
        unsafe base = mapped
        byteCount = code.count
        self.mappedByteCount = mappedByteCount
    }

    deinit {
        unsafe munmap(base, mappedByteCount)
    }

    /// The first byte of the code; valid while this value lives.
    @unsafe
    package var baseAddress: UnsafeRawPointer { unsafe UnsafeRawPointer(base) }

    /// The address of the first byte as a number.
    package var address: UInt { UInt(bitPattern: unsafe base) }
}
