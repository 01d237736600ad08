// SPDX-License-Identifier: Apache-2.0

/// A value at an address that never changes, for things the system or other threads know by address: mutexes, futex words,
/// what a lock protects.
///
/// - Safety: The cell alone owns the memory from `init` to `deinit`. It gives out the address only to this module, whose types
///   each say how they order the accesses of several threads.
@safe
struct HeapCell<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Safety: the pointer never changes; what it points to is ordered by the owning type.
    @unsafe
    let address: UnsafeMutablePointer<Value>

    /// Moves `value` to the heap, at a multiple of `alignment` bytes with as many bytes to itself.
    init(_ value: consuming sending Value, alignment: Int = MemoryLayout<Value>.alignment) {
        let byteCount = max(MemoryLayout<Value>.size, alignment)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: alignment)
        unsafe address = memory.bindMemory(to: Value.self, capacity: 1)
        unsafe address.initialize(to: value)
    }

    deinit {
        unsafe address.deinitialize(count: 1)
        unsafe UnsafeMutableRawPointer(address).deallocate()
    }
}
