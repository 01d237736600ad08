// SPDX-License-Identifier: Apache-2.0

/// When one command was enqueued and ran, in nanoseconds of the monotonic clock.
public struct CommandTimestamps: Sendable {
    /// The sequence number of the command's end in its stream.
    public var sequence: UInt64
    /// The kind of command: "copy", "execute", "launch"…
    public var command: String
    /// When the call put it into the stream.
    public var enqueueNanoseconds: UInt64
    /// When the stream began to run it.
    public var startNanoseconds: UInt64
    /// When its inputs had been read; nil for commands other than execute.
    public var inputsConsumedNanoseconds: UInt64?
    /// When it had run.
    public var endNanoseconds: UInt64
}

/// The timestamps of a stream's last commands, in a ring of fixed size.
struct CommandTimeline {
    private struct Entry {
        var sequence: UInt64 = 0
        var name: StaticString = ""
        var enqueue: UInt64 = 0
        var start: UInt64 = 0
        var inputsConsumed: UInt64 = 0
        var end: UInt64 = 0
    }

    /// Commands remembered.
    static let capacity = 1024
    private var entries = ContiguousArray(repeating: Entry(), count: capacity)
    private var count = 0

    /// Remembers one command, forgetting the oldest.
    mutating func append(_ command: Command, start: UInt64, inputsConsumed: UInt64, end: UInt64) {
        entries[count % Self.capacity] = Entry(
            sequence: command.lastSequence,
            name: command.body.staticName,
            enqueue: command.enqueueNanoseconds,
            start: start,
            inputsConsumed: inputsConsumed,
            end: end
        )
        count += 1
    }

    /// The remembered commands that end after `sequence`, oldest first.
    func timestamps(after sequence: UInt64) -> [CommandTimestamps] {
        (max(0, count - Self.capacity)..<count).compactMap { index in
            let entry = entries[index % Self.capacity]
            guard entry.sequence > sequence else { return nil }
            return CommandTimestamps(
                sequence: entry.sequence,
                command: "\(entry.name)",
                enqueueNanoseconds: entry.enqueue,
                startNanoseconds: entry.start,
                inputsConsumedNanoseconds: entry.inputsConsumed == 0 ? nil : entry.inputsConsumed,
                endNanoseconds: entry.end
            )
        }
    }
}
