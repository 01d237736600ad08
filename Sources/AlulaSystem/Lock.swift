// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A mutual-exclusion lock on a pthread mutex.
///
/// Thread sanitizer understands it, which it does not `Synchronization.Mutex`. Hold it for a few instructions only.
///
/// - Safety: The mutex is initialised before the object is visible, only touched by pthread calls, and destroyed with it.
@safe
package final class Lock: Sendable {
    fileprivate let mutex = unsafe HeapCell(pthread_mutex_t())

    /// Makes an unlocked lock.
    package init() {
        let result = unsafe pthread_mutex_init(mutex.address, nil)
        precondition(result == 0, "pthread_mutex_init failed with \(result)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex.address)
    }

    /// Blocks until the lock is held by the calling thread.
    package func lock() {
        let result = unsafe pthread_mutex_lock(mutex.address)
        precondition(result == 0, "pthread_mutex_lock failed with \(result)")
    }

    /// Releases the lock, which the calling thread must hold.
    package func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex.address)
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
/// - Safety: The value is only dereferenced with the lock held.
@safe
package final class Locked<Value>: Sendable {
    private let lock = Lock()
    private let value: HeapCell<Value>

    /// Protects `initial`.
    package init(_ initial: sending Value) {
        value = HeapCell(initial)
    }

    /// Runs `body` on the value with the lock held; `body` must not come back to the same lock.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&(unsafe value.address.pointee))
    }
}

/// A condition to wait for under a ``Lock``, on the monotonic clock.
///
/// - Safety: The condition is initialised before the object is visible, only touched by pthread calls, and destroyed with it.
@safe
package final class ConditionVariable: Sendable {
    private let condition = HeapCell(pthread_cond_t())

    /// Makes a condition nobody waits for.
    package init() {
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let result = unsafe pthread_cond_init(condition.address, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        precondition(result == 0, "pthread_cond_init failed with \(result)")
    }

    deinit {
        unsafe pthread_cond_destroy(condition.address)
    }

    /// Releases `lock`, sleeps until woken, and takes `lock` again; may wake without a signal.
    package func wait(with lock: Lock) {
        unsafe pthread_cond_wait(condition.address, lock.mutex.address)
    }

    /// As ``wait(with:)``, but gives up after `timeoutNanoseconds`; returns false when it did.
    package func wait(with lock: Lock, timeoutNanoseconds: UInt64) -> Bool {
        var deadline = timespec(nanoseconds: MonotonicClock.nowNanoseconds() &+ timeoutNanoseconds)
        return unsafe pthread_cond_timedwait(condition.address, lock.mutex.address, &deadline) != ETIMEDOUT
    }

    /// Wakes one waiter.
    package func signal() {
        unsafe pthread_cond_signal(condition.address)
    }

    /// Wakes all waiters.
    package func broadcast() {
        unsafe pthread_cond_broadcast(condition.address)
    }
}
