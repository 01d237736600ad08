// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaOperators
package import AlulaTensor

/// One step as kernels see it: the operator, concrete types, and what is known of the inputs beforehand.
package struct KernelProblem: Sendable {
    /// What is computed; ``Fused`` for a producer with stages.
    package var operation: any Operator
    /// By input; nil where omitted.
    package var inputs: [TensorType?]
    /// Of all outputs, as the operator's shape rule gives them.
    package var outputs: [TensorType]
    /// By input: the content, where it is known before the engine runs.
    package var constants: [Tensor?]
    /// Inputs that are zero almost everywhere, as after a scatter.
    package var sparseInputs: Set<Int>
    /// Outputs that nothing reads.
    package var unusedOutputs: Set<Int> = []
    /// What generated kernels are emitted for; nil where they would be interpreted.
    package var target: VectorTarget?

    /// A problem; by default without known contents, for this machine.
    package init(
        _ operation: any Operator,
        inputs: [TensorType?],
        outputs: [TensorType],
        constants: [Tensor?] = [],
        sparseInputs: Set<Int> = [],
        target: VectorTarget? = CodeCache.shared.target
    ) {
        self.operation = operation
        self.inputs = inputs
        self.outputs = outputs
        self.constants = constants + Array(repeating: nil, count: max(0, inputs.count - constants.count))
        self.sparseInputs = sparseInputs
        self.target = target
    }

    /// Whether input `index` is zero almost everywhere.
    package func isSparse(_ index: Int) -> Bool { sparseInputs.contains(index) }

    /// Whether the content of input `index` is known beforehand.
    package func isConstant(_ index: Int) -> Bool { constants.indices.contains(index) && constants[index] != nil }

    /// The layout whose blocks are vectors of the target; nil where kernels are not generated.
    package var blockedLayout: TensorLayout? { target.map { .blocked(lanes: $0.lanes) } }
}

/// One way to solve a problem: a candidate that competes with others, by estimate or on the clock.
package struct KernelTactic: Sendable {
    /// Unique among the tactics of a problem: the family and its choices, e.g. `direct 4x6`.
    package var name: String
    /// By input; planar where missing. Says nothing of inputs whose content is known, which come planar.
    package var inputLayouts: [TensorLayout]
    /// Of the first output; others are planar.
    package var outputLayout: TensorLayout
    /// The time on one thread that a cost model expects.
    package var estimatedNanoseconds: Double
    /// Whether the result differs from the definition by rounding of single operations only; strict builds use no others.
    package var isExact: Bool
    /// Compiles the kernel; nil when that turns out to be impossible.
    package var make: @Sendable () -> (any Kernel)?

    /// A tactic; by default exact, on planar tensors.
    package init(
        _ name: String,
        inputLayouts: [TensorLayout] = [],
        outputLayout: TensorLayout = .planar,
        estimatedNanoseconds: Double,
        isExact: Bool = true,
        make: @escaping @Sendable () -> (any Kernel)?
    ) {
        self.name = name
        self.inputLayouts = inputLayouts
        self.outputLayout = outputLayout
        self.estimatedNanoseconds = estimatedNanoseconds
        self.isExact = isExact
        self.make = make
    }
}

extension KernelProblem {
    /// The operation, the types and which contents are known, as text: equal problems have equal keys.
    package var key: String {
        let inputs = zip(self.inputs, constants).enumerated().map { index, input in
            (input.0.map(\.description) ?? "_") + (input.1 == nil ? "" : "!") + (isSparse(index) ? "~" : "")
        }
        let outputs = outputs.map(\.description)
        return "\(operation.described.text) \(inputs.joined(separator: ", ")) -> \(outputs.joined(separator: ", "))"
    }
}
