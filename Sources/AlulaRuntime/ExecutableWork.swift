// SPDX-License-Identifier: Apache-2.0

/// What an execute command runs: one in-flight inference with its bindings snapshotted.
///
/// A pushed work object goes through ``run(on:inputsConsumed:)`` (unless skipped) and then ``finish()``. One that was pushed
/// while its stream captured is kept by the graph instead: each launch calls ``validateForReplay(on:)`` on the launching
/// thread, ``run(on:inputsConsumed:)`` on the stream's thread (unless skipped), then ``finishReplay()``; ``finish()`` comes
/// once, when the graph goes.
package protocol ExecutableWork: AnyObject, Sendable {
    /// Runs on the stream's thread with the stream's team; calls `inputsConsumed` once, after the last step that reads an
    /// input binding. A missing call is made up for at the end.
    func run(on team: TeamLease, inputsConsumed: () -> Void) throws(ExecutionError)

    /// Called after completion or skip, before the completion is visible; the work object may be recycled then.
    func finish()

    /// For capture and replay: checks that everything it points to is still alive and shapes are unchanged.
    ///
    /// - Parameter stream: the stream the launch goes to; nil when nothing is launched, at instantiation.
    /// - Throws: ``ExecutionError/invalidState(_:)``.
    func validateForReplay(on stream: ExecutionStream?) throws(ExecutionError)

    /// Called on the stream's thread once per successful ``validateForReplay(on:)``, after that launch ran or was skipped.
    func finishReplay()
}

extension ExecutableWork {
    /// Nothing.
    package func finishReplay() {}
}
