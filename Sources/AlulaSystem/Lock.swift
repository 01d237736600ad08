// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A mutual-exclusion lock on a pthread mutex.
///
/// Thread sanitizer understands it, which it does not `Synchronization.Mutex`. Hold it for a few instructions only.
///
/// - Safety: The mutex lives at a fixed heap address that this object alone owns; it is initialised before the object is
///   visible and destroyed with it.
@safe
package final class Lock: @unchecked Sendable {
    // Safety: a pthread mutex is made to be used from several threads; the pointer itself never changes.
    fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Makes an unlocked lock.
    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let result = unsafe pthread_mutex_init(mutex, nil)
        precondition(result == 0, "pthread_mutex_init failed with \(result)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deinitialize(count: 1)
        unsafe mutex.deallocate()
    }

    /// Blocks until the lock is held by the calling thread.
    package func lock() {
        let result = unsafe pthread_mutex_lock(mutex)
        precondition(result == 0, "pthread_mutex_lock failed with \(result)")
    }

    /// Releases the lock, which the calling thread must hold.
    package func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex)
        precondition(result == 0, "pthread_mutex_unlock failed with \(result)")
    }

    /// Runs `body` with the lock held.
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body()
    }
}

/// A value that is only reachable with its lock held.
///
/// - Safety: The value lives at a fixed heap address that this object alone owns, and every access holds the lock.
@safe
package final class Locked<Value>: @unchecked Sendable {
    // Safety: `value` is only dereferenced with `lock` held.
    private let lock = Lock()
    private let value: UnsafeMutablePointer<Value>

    /// Protects `initial`.
    package init(_ initial: sending Value) {
        unsafe value = .allocate(capacity: 1)
        unsafe value.initialize(to: initial)
    }

    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
    }

    /// Runs `body` on the value with the lock held; `body` must not come back to the same lock.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&(unsafe value.pointee))
    }
}

/// A condition to wait for under a ``Lock``, on the monotonic clock.
///
/// - Safety: The condition lives at a fixed heap address that this object alone owns.
@safe
package final class ConditionVariable: @unchecked Sendable {
    // Safety: a pthread condition is made to be used from several threads; the pointer itself never changes.
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Makes a condition nobody waits for.
    package init() {
        unsafe condition = .allocate(capacity: 1)
        unsafe condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let result = unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        precondition(result == 0, "pthread_cond_init failed with \(result)")
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deinitialize(count: 1)
        unsafe condition.deallocate()
    }

    /// Releases `lock`, sleeps until woken, and takes `lock` again; may wake without a signal.
    package func wait(with lock: Lock) {
        unsafe pthread_cond_wait(condition, lock.mutex)
    }

    /// As ``wait(with:)``, but gives up after `timeoutNanoseconds`; returns false when it did.
    package func wait(with lock: Lock, timeoutNanoseconds: UInt64) -> Bool {
        var deadline = timespec(nanoseconds: MonotonicClock.nowNanoseconds() &+ timeoutNanoseconds)
        return unsafe pthread_cond_timedwait(condition, lock.mutex, &deadline) != ETIMEDOUT
    }

    /// Wakes one waiter.
    package func signal() {
        unsafe pthread_cond_signal(condition)
    }

    /// Wakes all waiters.
    package func broadcast() {
        unsafe pthread_cond_broadcast(condition)
    }
}
