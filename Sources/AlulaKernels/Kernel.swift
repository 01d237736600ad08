// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators
package import AlulaTensor

/// Code that runs one step on all threads of a team: the quick counterpart of an operator's scalar reference.
///
/// A kernel is made for one operator with concrete input and output types (see ``KernelCatalogue``), holds no tensors
/// and may run in many contexts at once.
package protocol Kernel: Sendable {
    /// `<dtype>_<kernel>_<tile>[_<epilogue>]__<isa>`, for profiles and reports.
    var identifier: String { get }

    /// How many independent parts the work splits into; parts run on any threads in any order.
    var partCount: Int { get }

    /// Computes part `part` of the step.
    ///
    /// Inputs are contiguous; outputs may have an outer stride if ``acceptsStridedOutput`` says so.
    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?])

    /// Whether the first output may be a slice of a larger tensor along the axis after the outermost.
    var acceptsStridedOutput: Bool { get }
}

extension Kernel {
    /// False.
    package var acceptsStridedOutput: Bool { false }
}

/// Makes kernels of one family; returns nil where the family does not cover the problem.
package typealias KernelFactory =
    @Sendable (_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)?
