// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A 32-bit atomic on its own cache line that threads can sleep on until it changes.
///
/// Sleeping is a Linux futex: the kernel compares the word and sleeps in one step, so a change between the caller's check and
/// its sleep is never missed. A waker makes a system call only when somebody sleeps.
///
/// - Safety: The word lives at a fixed heap address that this value alone owns until `deinit`.
@safe
package struct FutexWord: ~Copyable, @unchecked Sendable {
    // Safety: all access to the words behind the pointer is atomic; the pointer itself never changes.
    private let line: UnsafeMutablePointer<Line>

    private struct Line: ~Copyable {
        let word: Atomic<UInt32>
        let sleepers: Atomic<UInt32>
    }

    /// Makes a word with an initial value.
    package init(_ value: UInt32 = 0) {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)  // two lines: adjacent prefetch
        unsafe line = raw.bindMemory(to: Line.self, capacity: 1)
        unsafe line.initialize(to: Line(word: Atomic(value), sleepers: Atomic(0)))
    }

    deinit {
        unsafe line.deinitialize(count: 1)
        unsafe UnsafeMutableRawPointer(line).deallocate()
    }

    /// The value, with everything written before it was published.
    package var value: UInt32 {
        unsafe line.pointee.word.load(ordering: .sequentiallyConsistent)
    }

    /// Publishes `value` and wakes everybody who sleeps on the word.
    package func publish(_ value: UInt32) {
        unsafe line.pointee.word.store(value, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    /// Adds one, wrapping, and wakes everybody who sleeps on the word.
    package func advance() {
        unsafe line.pointee.word.wrappingAdd(1, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    /// Subtracts one and wakes everybody who sleeps on the word when it reaches zero.
    package func countDown() {
        if unsafe line.pointee.word.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 {
            wakeAll()
        }
    }

    /// Waits until the word differs from `expected`: spins for `spinNanoseconds`, then sleeps.
    ///
    /// - Returns: The value that ended the wait.
    @discardableResult
    package func wait(while expected: UInt32, spinNanoseconds: UInt64) -> UInt32 {
        let spun = spin(while: expected, nanoseconds: spinNanoseconds)
        guard spun == expected else { return spun }
        // Pairs with the load in `wakeAll`: either the waker sees this sleeper or the kernel sees the new value.
        unsafe line.pointee.sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { unsafe line.pointee.sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        while true {
            let current = value
            guard current == expected else { return current }
            unsafe LinuxCalls.futexWait(UnsafeMutableRawPointer(line), while: expected)
        }
    }

    private func spin(while expected: UInt32, nanoseconds: UInt64) -> UInt32 {
        var current = value
        guard nanoseconds > 0, current == expected else { return current }
        let deadline = MonotonicClock.nowNanoseconds() &+ nanoseconds
        repeat {
            for _ in 0..<16 {  // reading the clock costs about as much as sixteen reads of a cached word
                current = value
                if current != expected { return current }
            }
        } while MonotonicClock.nowNanoseconds() < deadline
        return current
    }

    private func wakeAll() {
        guard unsafe line.pointee.sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        unsafe LinuxCalls.futexWakeAll(UnsafeMutableRawPointer(line))
    }
}
