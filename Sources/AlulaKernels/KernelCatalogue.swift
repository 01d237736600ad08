// SPDX-License-Identifier: Apache-2.0

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
        /// Makes a kernel, or says that the family does not cover the problem.
        package var make: KernelFactory

        package init(_ name: String, make: @escaping KernelFactory) {
            self.name = name
            self.make = make
        }
    }

    /// The families, most specific first.
    package var families: [Family]

    package init(families: [Family]) { self.families = families }

    /// The first family's kernel that covers the problem; nil when the scalar reference has to run.
    ///
    /// - Parameters:
    ///   - inputs: one entry per operator input; nil where omitted.
    ///   - outputs: the types of all outputs, as the operator's shape rule gave them.
    package func kernel(
        for operation: any Operator,
        inputs: [TensorType?],
        outputs: [TensorType]
    ) -> (any Kernel)? {
        for family in families {
            if let kernel = family.make(operation, inputs, outputs) { return kernel }
        }
        return nil
    }

    /// Generated kernels where the machine has an instruction set for them, then the portable ones. A family is a line.
    package static let standard = KernelCatalogue(
        families: [
            Family("depthwise convolution", make: DepthwiseF32.make),
            Family("planar convolution", make: PlanarConvolutionKernel.make),
            Family("planar upsampling", make: PlanarUpsamplingKernel.make),
        ] + portable.families
    )

    /// Kernels in portable Swift, for every CPU. A family is a line here.
    package static let portable = KernelCatalogue(families: [
        Family("depthwise convolution", make: DepthwiseF32.make),
        Family("convolution", make: ConvolutionF32.make),
        Family("matrix-vector product", make: MatVecF32.make),
        Family("matrix product", make: MatMulF32.make),
        Family("elementwise", make: ElementwiseF32.make),
        Family("pooling", make: PoolingF32.make),
        Family("softmax", make: SoftmaxF32.make),
        Family("normalization", make: NormalizationF32.make),
        Family("reduction", make: ReductionF32.make),
        Family("transpose", make: TransposeKernel.make),
        Family("resize", make: ResizeF32.make),
    ])
}
