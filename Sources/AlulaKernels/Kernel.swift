// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// Code that runs one step on all threads of a team: the quick counterpart of an operator's scalar reference.
///
/// A kernel is made by a ``KernelTactic`` for one ``KernelProblem`` and may run in many contexts at once. It holds no
/// tensors but constants it has prepared.
package protocol Kernel: Sendable {
    /// `<dtype>_<kernel>_<tile>[_<epilogue>]__<isa>`, for profiles and reports.
    var identifier: String { get }

    /// How many independent parts the work splits into; parts run on any threads in any order.
    var partCount: Int { get }

    /// Computes part `part` of the step.
    ///
    /// Tensors are stored as the tactic's layouts say, with the shapes ``TensorLayout/storedShape(_:)`` gives. Inputs are
    /// contiguous; outputs may have an outer stride if ``acceptsStridedOutput`` says so. Inputs whose content was known
    /// beforehand are planar, whatever the tactic says of them.
    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?])

    /// Computes parts `parts`, in order, as ``run(part:inputs:outputs:)`` does each: one thread's share of a step. Kernels of
    /// short parts look at their tensors once for all of them.
    func run(parts: Range<Int>, inputs: [Tensor?], outputs: [Tensor?])

    /// Whether the first output may be a slice of a larger tensor along the axis after the outermost.
    var acceptsStridedOutput: Bool { get }

    /// Inputs, shaped and stored like the first output, whose memory it may take over: every element is read before it is
    /// written, by the same part.
    var inputsThatMayBeOverwritten: [Int] { get }

    /// The kernel with everything done that depends on constant inputs alone, such as packing weights.
    ///
    /// Called once for each set of input shapes, before the first run and before ``partCount`` is asked for.
    /// - Parameters:
    ///   - constants: by input; nil where the content is not known before the engine runs. Planar.
    ///   - packed: what other kernels of the engine have packed, to share.
    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel
}

extension Kernel {
    /// One part after the other.
    package func run(parts: Range<Int>, inputs: [Tensor?], outputs: [Tensor?]) {
        for part in parts { run(part: part, inputs: inputs, outputs: outputs) }
    }

    /// False.
    package var acceptsStridedOutput: Bool { false }

    /// None.
    package var inputsThatMayBeOverwritten: [Int] { [] }

    /// The kernel itself: nothing to prepare.
    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel { self }
}
