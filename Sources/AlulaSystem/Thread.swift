// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A raw operating-system thread with a name. Nothing of Alula runs on Swift's cooperative pool.
///
/// A thread that is neither joined nor running any more is reclaimed by the system when this object goes.
package final class Thread: Sendable {
    /// The name given at start; the system shows its first 15 bytes.
    package let name: String
    private let handle: Locked<pthread_t?>

    /// Starts a thread that runs `body` once.
    /// - Throws: ``SystemError/threadNotStarted(name:errorNumber:)``.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(SystemError) {
        self.name = name
        var thread = pthread_t()
        let start = unsafe Unmanaged.passRetained(ThreadBody(name: name, run: body))
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
                LinuxCalls.nameCurrentThread(body.name)
                body.run()
                return nil
            },
            start.toOpaque()
        )
        guard result == 0 else {
            unsafe start.release()
            throw .threadNotStarted(name: name, errorNumber: result)
        }
        handle = Locked(thread)
    }

    deinit {
        if let thread = takeHandle() { pthread_detach(thread) }
    }

    /// Blocks until the thread has ended. Calling it twice, or from the thread itself, returns at once.
    package func join() {
        guard let thread = takeHandle() else { return }
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private func takeHandle() -> pthread_t? {
        handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// One integer per thread, zero at first.
package final class ThreadLocalInteger: Sendable {
    private let key: pthread_key_t

    /// Makes a new slot in every thread.
    package init() {
        var key = pthread_key_t()
        let result = unsafe pthread_key_create(&key, nil)
        precondition(result == 0, "pthread_key_create failed with \(result)")
        self.key = key
    }

    deinit {
        pthread_key_delete(key)
    }

    /// The calling thread's value.
    package var value: Int {
        get { unsafe Int(bitPattern: pthread_getspecific(key)) }
        set { unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue)) }
    }
}
