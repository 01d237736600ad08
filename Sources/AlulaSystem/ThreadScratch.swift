// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Memory of the calling thread for as long as a piece of work runs: what kernels pack into and transform through.
///
/// Each thread has one block, 256-byte aligned and on huge pages when big. It grows to the largest size asked for, is kept
/// from piece to piece, and goes with the thread.
package enum ThreadScratch {
    private static let slot = ScratchSlot()

    /// Calls `body` with the address of at least `byteCount` bytes of arbitrary content.
    ///
    /// The address is the thread's own until `body` returns. Calls must not nest.
    /// - Precondition: the memory can be had.
    package static func with<Result>(byteCount: Int, _ body: (_ address: Int) -> Result) -> Result {
        body(slot.address(byteCount: byteCount))
    }

    /// Bytes the calling thread holds.
    package static var heldByteCount: Int { slot.heldByteCount }
}

/// The slot that holds a thread's block.
///
/// - Safety: The slot holds a retained ``AlignedAllocation`` or nothing, set and read by its own thread only; the system
///   releases it when the thread ends.
@safe
private final class ScratchSlot: Sendable {
    private let key: pthread_key_t

    init() {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key) { value in
            guard let value = unsafe value else { return }
            unsafe Unmanaged<AlignedAllocation>.fromOpaque(value).release()
        }
        precondition(result == 0, "pthread_key_create failed with \(result)")
        self.key = key
    }

    private var held: AlignedAllocation? {
        guard let value = unsafe pthread_getspecific(key) else { return nil }
        return unsafe Unmanaged<AlignedAllocation>.fromOpaque(value).takeUnretainedValue()
    }

    var heldByteCount: Int { held?.byteCount ?? 0 }

    func address(byteCount: Int) -> Int {
        if let held, held.byteCount >= byteCount { return Int(bitPattern: unsafe held.baseAddress) }
        if let value = unsafe pthread_getspecific(key) {
            pthread_setspecific(key, nil)
            unsafe Unmanaged<AlignedAllocation>.fromOpaque(value).release()
        }
        do throws(SystemError) {
            let block = try AlignedAllocation(byteCount: byteCount)
            unsafe pthread_setspecific(key, Unmanaged.passRetained(block).toOpaque())
            return Int(bitPattern: unsafe block.baseAddress)
        } catch {
            preconditionFailure("scratch memory of a thread: \(error)")
        }
    }
}
