// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator that brings a quick evaluation of its own, split into parts that the threads of a team share.
///
/// The way for an operator defined outside Alula to run on all cores where no kernel covers it. The scalar
/// ``Operator/evaluate(_:into:)`` stays the definition; both must agree within rounding, whatever the number of parts.
/// TensorRT counterpart: `IPluginV3OneRuntime::enqueue`.
public protocol PartitionedOperator: Operator {
    /// How many independent parts one evaluation splits into for these types; at least 1.
    ///
    /// Consecutive parts go to one thread, in order. A few times the number of cores evens out parts of unequal cost.
    /// - Parameters:
    ///   - inputs: one entry per input; nil where omitted.
    ///   - outputs: the types of all outputs, as ``Operator/inferOutputs(_:)`` gave them.
    func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int

    /// Computes part `part` of `partCount`; together the parts write every element of every output.
    ///
    /// Parts run on any threads, several at once, so each writes elements that no other part reads or writes. Inputs and
    /// outputs are as in ``Operator/evaluate(_:into:)``.
    /// - Throws: what is wrong with the content of the inputs; the other parts still run and the step fails with the error
    ///   of the lowest part.
    func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError)
}
