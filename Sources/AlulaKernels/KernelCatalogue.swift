// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
package import AlulaOperators
package import AlulaTensor

/// The kernels an engine chooses from: families in order of preference.
///
/// Whatever no family covers runs the operator's scalar reference.
package struct KernelCatalogue: Sendable {
    /// Kernels of one kind, e.g. convolutions.
    package struct Family: Sendable {
        /// For reports, e.g. `convolution`.
        package var name: String
        /// Lists what the family can do about a problem; empty where it does not cover it.
        package var tactics: @Sendable (KernelProblem) -> [KernelTactic]

        /// A family of several tactics.
        package init(_ name: String, tactics: @escaping @Sendable (KernelProblem) -> [KernelTactic]) {
            self.name = name
            self.tactics = tactics
        }

        /// A family of one kernel on planar tensors, in portable code.
        package init(_ name: String, make: @escaping KernelFactory) {
            self.init(name) { problem in
                guard let kernel = make(problem.operation, problem.inputs, problem.outputs) else { return [] }
                return [KernelTactic(name, estimatedNanoseconds: problem.portableNanoseconds) { kernel }]
            }
        }

        /// A family of one generated kernel on planar tensors, for operators that `covers` names; compiled when chosen.
        package init(
            _ name: String,
            for covers: @escaping @Sendable (any Operator) -> Bool,
            make: @escaping KernelFactory
        ) {
            self.init(name) { problem in
                guard problem.target != nil, covers((problem.operation as? Fused)?.producer ?? problem.operation) else {
                    return []
                }
                return [
                    KernelTactic(name, estimatedNanoseconds: problem.planarNanoseconds) {
                        make(problem.operation, problem.inputs, problem.outputs)
                    }
                ]
            }
        }
    }

    /// The families; among tactics of equal cost the first wins.
    package var families: [Family]

    package init(families: [Family]) { self.families = families }

    /// Everything all families can do about `problem`; empty when the scalar reference has to run.
    package func tactics(for problem: KernelProblem) -> [KernelTactic] {
        families.flatMap { $0.tactics(problem) }
    }

    /// The kernel on planar tensors with the lowest estimate; nil when the scalar reference has to run.
    ///
    /// - Parameters:
    ///   - inputs: one entry per operator input; nil where omitted.
    ///   - outputs: the types of all outputs, as the operator's shape rule gave them.
    package func kernel(
        for operation: any Operator,
        inputs: [TensorType?],
        outputs: [TensorType]
    ) -> (any Kernel)? {
        let planar = tactics(for: KernelProblem(operation, inputs: inputs, outputs: outputs))
            .filter { $0.outputLayout == .planar && $0.inputLayouts.allSatisfy { $0 == .planar } }
            .sorted { $0.estimatedNanoseconds < $1.estimatedNanoseconds }
        for tactic in planar {
            if let kernel = tactic.make() {
                return kernel.prepared(constants: inputs.map { _ in nil }, packed: PackedConstants())
            }
        }
        return nil
    }

    /// What kernels are generated for, e.g. `avx512×16`; `portable` where they are not.
    package static var targetName: String { CodeCache.shared.target?.description ?? "portable" }

    /// Generated kernels where the machine has an instruction set for them, then the portable ones. A family is a line.
    package static let standard = KernelCatalogue(
        families: [
            Family("reorder", tactics: ReorderKernel.tactics),
            Family("blocked depthwise convolution", tactics: DepthwiseTactics.tactics),
            Family("blocked pooling", tactics: PoolingTactics.tactics),
            Family("pointwise convolution", tactics: PointwiseTactics.tactics),
            Family("direct convolution", tactics: ConvolutionTactics.direct),
            Family("winograd convolution", tactics: WinogradTactics.tactics),
            Family("transposed convolution", tactics: TransposedTactics.tactics),
            Family("planar convolution", for: { $0 is Conv }, make: PlanarConvolutionKernel.make),
            Family("generated matrix product", tactics: GemmTactics.tactics),
            Family("attention", tactics: AttentionKernel.tactics),
            Family("movement", tactics: MovementTactics.all),
            Family("expression", tactics: ExpressionKernel.tactics),
            Family("rows", tactics: RowKernel.tactics),
            Family("softmax columns", tactics: ColumnSoftmaxKernel.tactics),
            Family("cast", tactics: CastKernel.tactics),
            Family("reduction", tactics: ReductionKernel.tactics),
            Family("extreme index", tactics: ExtremeIndexKernel.tactics),
            Family("normalization", tactics: GroupNormalizationKernel.tactics),
            Family("resize", tactics: ResizeKernel.tactics),
        ] + portable.families
    )

    /// Kernels in portable Swift, for every CPU. A family is a line here.
    package static let portable = KernelCatalogue(families: [
        Family("depthwise convolution", make: DepthwiseF32.make),
        Family("grouped transposed convolution", make: TransposedConvolutionF32.make),
        Family("convolution", make: ConvolutionF32.make),
        Family("matrix-vector product", make: MatVecF32.make),
        Family("matrix product", make: MatMulF32.make),
        Family("elementwise", make: ElementwiseF32.make),
        Family("pooling", make: PoolingF32.make),
        Family("softmax", make: SoftmaxF32.make),
        Family("normalization", make: NormalizationF32.make),
        Family("reduction", make: ReductionF32.make),
        Family("resize", make: ResizeF32.make),
    ])
}

/// Makes the kernel of a family that has just one; returns nil where it does not cover the problem.
package typealias KernelFactory =
    @Sendable (_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)?

extension KernelProblem {
    /// What generated code on planar tensors is expected to take on one thread.
    var planarNanoseconds: Double {
        // Seen: three quarters of the peak, less where rows are narrow.
        let gigaflops = 7.0 * Double(target?.lanes ?? 1)
        return Double(operation.floatingPointOperations(inputs: inputs, outputs: outputs)) / gigaflops + 1000
    }

    /// What portable code is expected to take on one thread.
    var portableNanoseconds: Double {
        let gigaflops = 20.0  // seen on products; the other portable kernels are bound by memory
        let gigabytesPerSecond = 4.0
        let flops = Double(operation.floatingPointOperations(inputs: inputs, outputs: outputs))
        let byteCount = Double((inputs.compactMap(\.self) + outputs).reduce(0) { $0 + $1.byteCount })
        return flops / gigaflops + byteCount / gigabytesPerSecond + 1000
    }
}
