// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Tells a process from the copy of it that `fork` made.
///
/// Threads do not survive `fork`: a device used in the child would wait for ever. Whoever owns threads remembers
/// ``current`` and compares.
package struct ProcessIdentity: Equatable, Sendable {
    private let forkCount: Int

    /// The identity of the calling process; one relaxed atomic load after the first call.
    package static var current: ProcessIdentity {
        _ = registration
        return ProcessIdentity(forkCount: observedForks.load(ordering: .relaxed))
    }

    /// The operating system's number of the calling process.
    package static var processNumber: Int32 { getpid() }

    private static let registration: Void = {
        _ = observedForks.load(ordering: .relaxed)
        _ = pthread_atfork(nil, nil) { observedForks.wrappingAdd(1, ordering: .relaxed) }
    }()
}

private let observedForks = Atomic<Int>(0)
