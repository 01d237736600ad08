// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor

/// One evaluation of an operator that brings parts of its own.
struct PartitionedRun {
    let operation: any PartitionedOperator
    let inputs: [Tensor?]
    let outputs: [Tensor?]

    /// The parts for these types, at least one.
    static func partCount(
        of operation: any Operator,
        inputs: [TensorType?],
        outputs: [TensorType]
    ) -> Int? {
        (operation as? any PartitionedOperator).map { max(1, $0.partCount(inputs: inputs, outputs: outputs)) }
    }

    /// Runs all parts on the team.
    /// - Throws: the error of the lowest part that failed, so that the same input always gives the same error.
    func run(on team: TeamLease, parts: Int) throws(OperatorError) {
        let failure = Locked<(part: Int, error: OperatorError)?>(nil)
        team.run(parts: parts) { part in
            do throws(OperatorError) {
                try operation.evaluate(part: part, of: parts, inputs: inputs, outputs: outputs)
            } catch {
                failure.withLock { known in
                    if known.map({ part < $0.part }) ?? true { known = (part, error) }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }
}
