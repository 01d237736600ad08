// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// A place in a stream: reached when everything up to `sequence` has run or been skipped.
///
/// Events and waits hold positions, so nothing is counted per event and a later record cannot disturb an earlier wait.
struct StreamPosition: Sendable {
    let core: StreamCore
    let sequence: UInt64

    /// Whether the position has been reached.
    var isReached: Bool { core.isComplete(sequence) }
}

/// Bytes a command reads or writes, checked at the call and kept alive until the command has run.
struct MemoryOperand: Sendable {
    /// The bytes.
    let region: MemoryRegion
    /// Where the bytes come from; nil for host memory that no device knows.
    let allocation: Allocation?

    init(_ range: MemoryRange) {
        region = range.region
        allocation = range.allocation
    }

    init(unregistered region: MemoryRegion) {
        self.region = region
        allocation = nil
    }
}

/// What one command does. Values only: pushing one allocates nothing.
enum CommandBody: Sendable {
    /// Copies between memory of any two kinds.
    case copy(from: MemoryOperand, to: MemoryOperand)
    /// Sets every byte.
    case fill(MemoryOperand, value: UInt8)
    /// Calls the user.
    case hostFunction(@Sendable () throws(ExecutionError) -> Void)
    /// Marks an event.
    case record(ExecutionEvent)
    /// Holds the stream until another stream has reached a position.
    case wait(StreamPosition)
    /// Runs one inference.
    case execute(any ExecutableWork, inputConsumed: ExecutionEvent?)
    /// Replays a captured graph.
    case launch(ExecutionGraph)
    /// Marks the place from which on freed memory may be reused.
    case free

    /// The word for errors and traces.
    var staticName: StaticString {
        switch self {
        case .copy: "copy"
        case .fill: "fill"
        case .hostFunction: "hostFunction"
        case .record: "record"
        case .wait: "wait"
        case .execute: "execute"
        case .launch: "launch"
        case .free: "free"
        }
    }

    /// Whether the command only orders others, and so is done also on a failed stream.
    var isOrderOnly: Bool {
        switch self {
        case .record, .wait, .free: true
        case .copy, .fill, .hostFunction, .execute, .launch: false
        }
    }

    /// As ``staticName``.
    var name: String { "\(staticName)" }

    /// How many events the command marks; it takes one sequence number for each and one for its end.
    var eventCount: Int {
        switch self {
        case .record: 1
        case .execute(_, let inputConsumed): inputConsumed == nil ? 0 : 1
        case .launch(let graph): graph.eventCount
        case .copy, .fill, .hostFunction, .wait, .free: 0
        }
    }

    /// Points the events of the command at their sequence numbers, `first` on.
    func positionEvents(on core: StreamCore, first: UInt64) {
        switch self {
        case .record(let event):
            event.setPosition(StreamPosition(core: core, sequence: first))
        case .execute(_, let inputConsumed):
            inputConsumed?.setPosition(StreamPosition(core: core, sequence: first))
        case .launch(let graph):
            var sequence = first
            for node in graph.nodes where node.body.eventCount > 0 {
                node.body.positionEvents(on: core, first: sequence)
                sequence += UInt64(node.body.eventCount)
            }
        case .copy, .fill, .hostFunction, .wait, .free:
            break
        }
    }
}

/// A command in its stream.
struct Command: Sendable {
    let body: CommandBody
    let site: CallSite
    /// The number of its first event, or of its end when it marks none.
    let firstSequence: UInt64
    /// The number of its end.
    let lastSequence: UInt64
    /// When it was enqueued, in nanoseconds of the monotonic clock.
    let enqueueNanoseconds: UInt64
}

/// A first-in first-out ring of commands that only grows, so that steady state allocates nothing.
struct CommandQueue {
    private var slots: ContiguousArray<Command?>
    private var head = 0
    /// Commands in the queue.
    private(set) var count = 0

    /// A queue with room for `capacity` commands, a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "\(capacity) is not a power of two")
        slots = ContiguousArray(repeating: nil, count: capacity)
    }

    /// The oldest command.
    var first: Command? { count == 0 ? nil : slots[head] }

    /// Adds a command at the end.
    mutating func append(_ command: Command) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = command
        count += 1
    }

    /// Takes the oldest command out.
    mutating func popFirst() -> Command? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = (head + 1) & (slots.count - 1)
            count -= 1
        }
        return slots[head]
    }

    private mutating func grow() {
        var larger = ContiguousArray<Command?>(repeating: nil, count: slots.count * 2)
        for index in 0..<count { larger[index] = slots[(head + index) & (slots.count - 1)] }
        slots = larger
        head = 0
    }
}
