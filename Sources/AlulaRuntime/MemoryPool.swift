// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// Freed memory of one device, kept for reuse so that steady state touches no new pages.
///
/// Every entry says from which stream position on it is unused. The stream that freed it may have it back at once, since
/// its commands run in order; everybody else only when the position has been reached.
final class MemoryPool: Sendable {
    /// Who asks for memory.
    enum User {
        /// Commands of this stream, which run after everything it has enqueued so far.
        case stream(StreamCore)
        /// The calling thread, now.
        case host
    }

    private struct Entry {
        var storage: AlignedAllocation
        var unusedFrom: StreamPosition
    }

    private struct State {
        var entries: [Entry] = []
        var byteCount = 0
    }

    /// The most the pool keeps, in bytes. CUDA: the release threshold.
    static let limitByteCount = 512 << 20
    private let state = Locked(State())

    /// Bytes waiting for reuse.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Memory of at least `byteCount` bytes: from the pool when there is some of at most twice that, else new and zero.
    func take(byteCount: Int, for user: User) throws(SystemError) -> AlignedAllocation {
        let reused = state.withLock { state -> AlignedAllocation? in
            let index = state.entries.firstIndex { entry in
                let fits = entry.storage.byteCount >= byteCount && entry.storage.byteCount / 2 <= byteCount
                return fits && Self.mayUse(entry, user)
            }
            guard let index else { return nil }
            let storage = state.entries.remove(at: index).storage
            state.byteCount -= storage.byteCount
            return storage
        }
        if let reused { return reused }
        return try AlignedAllocation(byteCount: byteCount)
    }

    /// Keeps `storage` for whoever may use it from `position` on; drops the oldest memory beyond the limit.
    func put(_ storage: AlignedAllocation, unusedFrom position: StreamPosition) {
        var dropped: [AlignedAllocation] = []
        state.withLock { state in
            state.entries.append(Entry(storage: storage, unusedFrom: position))
            state.byteCount += storage.byteCount
            while state.byteCount > Self.limitByteCount, !state.entries.isEmpty {
                let entry = state.entries.removeFirst()
                state.byteCount -= entry.storage.byteCount
                dropped.append(entry.storage)
            }
        }
        // Unmapped here, with the lock free.
        dropped.removeAll()
    }

    /// Gives everything back to the system. Commands in flight keep what they use.
    func trim() {
        let entries = state.withLock { state in
            defer { state = State() }
            return state.entries
        }
        _ = consume entries
    }

    private static func mayUse(_ entry: Entry, _ user: User) -> Bool {
        if case .stream(let core) = user, core === entry.unusedFrom.core { return true }
        return entry.unusedFrom.isReached
    }
}
