// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import AlulaTesting
import Synchronization
import Testing

/// A door that host functions and work wait at until a test opens it.
final class Gate: Sendable {
    private let lock = Lock()
    private let changed = ConditionVariable()
    private let isOpen = Atomic(false)

    func open() {
        lock.withLock {
            isOpen.store(true, ordering: .releasing)
            changed.broadcast()
        }
    }

    /// Waits for the door; false when nobody opened it for half a minute, which fails a test instead of hanging it.
    @discardableResult
    func wait(timeoutSeconds: UInt64 = 30) -> Bool {
        let deadline = MonotonicClock.nowNanoseconds() + timeoutSeconds * 1_000_000_000
        return lock.withLock {
            while !isOpen.load(ordering: .acquiring) {
                let now = MonotonicClock.nowNanoseconds()
                guard now < deadline, changed.wait(with: lock, timeoutNanoseconds: deadline - now) else { return false }
            }
            return true
        }
    }
}

/// What happened, in order, from any thread.
final class Log<Entry: Sendable>: Sendable {
    private let state = Locked<[Entry]>([])

    func append(_ entry: Entry) { state.withLock { $0.append(entry) } }

    var entries: [Entry] { state.withLock { $0 } }
}

/// Work that runs a closure, in place of an inference.
final class StubWork: ExecutableWork {
    typealias Body = @Sendable (_ team: TeamLease, _ inputsConsumed: () -> Void) throws(ExecutionError) -> Void

    let finishCount = Atomic(0)
    let finishReplayCount = Atomic(0)
    let isInvalid = Atomic(false)
    private let body: Body

    init(_ body: @escaping Body = { _, inputsConsumed in inputsConsumed() }) { self.body = body }

    func run(on team: TeamLease, inputsConsumed: () -> Void) throws(ExecutionError) {
        try body(team, inputsConsumed)
    }

    func finish() { finishCount.wrappingAdd(1, ordering: .relaxed) }

    func finishReplay() { finishReplayCount.wrappingAdd(1, ordering: .relaxed) }

    func validateForReplay(on stream: ExecutionStream?) throws(ExecutionError) {
        guard !isInvalid.load(ordering: .relaxed) else {
            throw .invalidState(.init("shape changed", in: "stub", got: "another shape", expected: "the captured one"))
        }
    }
}

extension ExecutionError {
    /// A failure for tests to throw.
    static let planted = ExecutionError.failedExecution(
        .init("planted failure", in: "test", got: "a throw", expected: "success")
    )
}

/// Bytes of device memory, read by an ordinary copy on a stream of its own.
func bytes(of memory: DeviceMemory, on device: Device) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: memory.byteCount)
    let stream = try device.makeStream(isNonBlocking: true)
    try stream.copy(from: memory, toPageable: &bytes)
    return bytes
}

/// Runs everything that can run on hand-cranked streams.
func crankAll(_ streams: ExecutionStream...) {
    var didRun = true
    while didRun {
        didRun = false
        for stream in streams where stream.runNext() { didRun = true }
    }
}

/// The scheduler's state of the thread with this name: "R" runs or could run, "S" sleeps; nil when there is none.
func stateOfThread(named name: String) -> String? {
    for task in (try? Files.list("/proc/self/task")) ?? [] {
        guard let text = try? Files.readText("/proc/self/task/\(task)/stat"), text.contains("(\(name))"),
            let close = text.lastIndex(of: ")")
        else { continue }
        return text[text.index(after: close)...].split(separator: " ").first.map(String.init)
    }
    return nil
}

/// Sleeps for about a millisecond.
func pauseMillisecond() {
    let lock = Lock()
    let never = ConditionVariable()
    _ = lock.withLock { never.wait(with: lock, timeoutNanoseconds: 1_000_000) }
}

/// Waits until `condition` holds; false after half a minute.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = MonotonicClock.nowNanoseconds() + 30_000_000_000
    while !condition() {
        guard MonotonicClock.nowNanoseconds() < deadline else { return false }
        pauseMillisecond()
    }
    return true
}
