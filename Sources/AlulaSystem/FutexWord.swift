// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A 32-bit atomic on its own cache line that threads can sleep on until it changes.
///
/// Sleeping is a Linux futex: the kernel compares the word and sleeps in one step, so a change between the caller's check and
/// its sleep is never missed. A waker makes a system call only when somebody sleeps.
///
/// - Safety: The word is only touched atomically, by this type and by the kernel.
@safe
package struct FutexWord: ~Copyable, Sendable {
    private let line: HeapCell<Line>

    /// What the kernel and all threads share.
    struct Line: ~Copyable {
        let word: Atomic<UInt32>
        let sleepers: Atomic<UInt32>
    }

    /// Makes a word with an initial value.
    package init(_ value: UInt32 = 0) {
        // Two lines of 64 bytes: the prefetcher fetches neighbours in pairs.
        line = HeapCell(Line(word: Atomic(value), sleepers: Atomic(0)), alignment: 128)
    }

    /// The value, with everything written before it was published.
    package var value: UInt32 {
        unsafe line.address.pointee.word.load(ordering: .sequentiallyConsistent)
    }

    /// Publishes `value` and wakes everybody who sleeps on the word.
    package func publish(_ value: UInt32) {
        unsafe line.address.pointee.word.store(value, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    /// Adds one, wrapping, and wakes everybody who sleeps on the word.
    package func advance() {
        unsafe line.address.pointee.word.wrappingAdd(1, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    /// Subtracts one and wakes everybody who sleeps on the word when it reaches zero.
    package func countDown() {
        if unsafe line.address.pointee.word.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 {
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
        unsafe line.address.pointee.sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { unsafe line.address.pointee.sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        while true {
            let current = value
            guard current == expected else { return current }
            unsafe LinuxCalls.futexWait(UnsafeMutableRawPointer(line.address), while: expected)
        }
    }

    /// Looks without a pause at first, then between yields: on a busy machine the thread that will change the word may need
    /// this very core.
    private func spin(while expected: UInt32, nanoseconds: UInt64) -> UInt32 {
        var current = value
        guard nanoseconds > 0, current == expected else { return current }
        let start = MonotonicClock.nowNanoseconds()
        var elapsed: UInt64 = 0
        repeat {
            for _ in 0..<16 {  // reading the clock costs about as much as sixteen reads of a cached word
                current = value
                if current != expected { return current }
            }
            if elapsed > Self.unyieldingNanoseconds { sched_yield() }
            elapsed = MonotonicClock.nowNanoseconds() &- start
        } while elapsed < nanoseconds
        return current
    }

    /// Some round trips of a cache line between cores: what a quick answer takes.
    private static let unyieldingNanoseconds: UInt64 = 3_000

    private func wakeAll() {
        guard unsafe line.address.pointee.sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        unsafe LinuxCalls.futexWakeAll(UnsafeMutableRawPointer(line.address))
    }
}
