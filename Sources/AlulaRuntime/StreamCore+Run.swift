// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

extension StreamCore {
    /// Runs one command and publishes its end. What the command held is released before the end is visible.
    func run(_ command: inout Command?) {
        guard let last = command?.lastSequence else { return }
        if let command { run(command) }
        command = nil
        publish(last)
    }

    private func run(_ command: Command) {
        let start = MonotonicClock.nowNanoseconds()
        var cursor = EventCursor(core: self, nextSequence: command.firstSequence)
        if let error = runBody(command.body, cursor: &cursor, isSkipped: failure.skips(command.lastSequence)) {
            failure.set(error.attributed(to: origin(of: command)), sequence: failedSequence(of: command))
        }
        let end = MonotonicClock.nowNanoseconds()
        let inputsConsumed = cursor.inputsConsumedNanoseconds
        state.withLock { $0.timeline.append(command, start: start, inputsConsumed: inputsConsumed, end: end) }
    }

    /// From where on events of the failed command report it: inputs of an inference may well have been consumed.
    private func failedSequence(of command: Command) -> UInt64 {
        if case .execute = command.body { return command.lastSequence }
        return command.firstSequence
    }

    private func origin(of command: Command) -> CommandOrigin {
        CommandOrigin(
            command: command.body.name,
            sequence: command.lastSequence,
            stream: name,
            layer: nil,
            callSite: command.site.text
        )
    }

    /// Runs a command or a node of a graph. Events are marked and waits kept even when it is skipped, so that a failed stream
    /// holds up nobody.
    private func runBody(_ body: CommandBody, cursor: inout EventCursor, isSkipped: Bool) -> ExecutionError? {
        do throws(ExecutionError) {
            switch body {
            case .record(let event):
                cursor.mark(event)
            case .wait(let position):
                position.core.waitUntilComplete(position.sequence)
            case .execute(let work, let inputConsumed):
                defer { work.finish() }
                try runWork(work, inputConsumed: inputConsumed, cursor: &cursor, isSkipped: isSkipped)
            case .launch(let graph):
                return runGraph(graph, cursor: &cursor, isSkipped: isSkipped)
            case .free:
                break
            case .copy(let source, let destination):
                if !isSkipped { destination.region.copyBytes(from: source.region) }
            case .fill(let destination, let value):
                if !isSkipped { destination.region.fill(with: value) }
            case .hostFunction(let function):
                if !isSkipped { try CallGuard.inHostFunction(function) }
            }
            return nil
        } catch {
            return error
        }
    }

    private func runWork(
        _ work: any ExecutableWork,
        inputConsumed: ExecutionEvent?,
        cursor: inout EventCursor,
        isSkipped: Bool
    ) throws(ExecutionError) {
        var isMarked = false
        // A failed or forgetful run still consumed its inputs.
        defer { if !isMarked { cursor.markInputsConsumed(inputConsumed) } }
        guard !isSkipped else { return }
        try work.run(on: lease) {
            if !isMarked {
                isMarked = true
                cursor.markInputsConsumed(inputConsumed)
            }
        }
    }

    /// Runs the nodes in capture order, which respects every dependency; a failure skips the rest.
    private func runGraph(_ graph: ExecutionGraph, cursor: inout EventCursor, isSkipped: Bool) -> ExecutionError? {
        var failure: ExecutionError?
        for node in graph.nodes {
            let skips = isSkipped || failure != nil
            var error: ExecutionError?
            if case .execute(let work, let inputConsumed) = node.body {
                do throws(ExecutionError) {
                    try runWork(work, inputConsumed: inputConsumed, cursor: &cursor, isSkipped: skips)
                } catch let thrown {
                    error = thrown
                }
                work.finishReplay()
            } else {
                error = runBody(node.body, cursor: &cursor, isSkipped: skips)
            }
            if let error {
                let origin = CommandOrigin(
                    command: "launch, graph node \(node.body.name)",
                    sequence: 0,
                    stream: name,
                    layer: nil,
                    callSite: node.site.text
                )
                failure = error.attributed(to: origin)
            }
        }
        return failure
    }
}

/// Hands out the sequence numbers of a running command to its events, in order.
private struct EventCursor {
    let core: StreamCore
    var nextSequence: UInt64
    var inputsConsumedNanoseconds: UInt64 = 0

    mutating func mark(_ event: ExecutionEvent) {
        event.stamp(MonotonicClock.nowNanoseconds(), at: StreamPosition(core: core, sequence: nextSequence))
        core.publish(nextSequence)
        nextSequence += 1
    }

    mutating func markInputsConsumed(_ event: ExecutionEvent?) {
        inputsConsumedNanoseconds = MonotonicClock.nowNanoseconds()
        if let event { mark(event) }
    }
}
