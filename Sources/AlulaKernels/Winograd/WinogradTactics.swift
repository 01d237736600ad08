// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// The tactics of 3×3 convolutions by Winograd's algorithms; all inexact.
enum WinogradTactics {
    /// F(4×4, 3×3) and F(2×2, 3×3) with the blockings that are expected to be quickest.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let convolution = ConvolutionProblem(problem), convolution.group == 1,
            let descriptor = descriptor(convolution, problem, lanes: target.lanes)
        else { return [] }
        let blocked = TensorLayout.blocked(lanes: target.lanes)
        let inputLayouts = descriptor.epilogue.inputLayouts([blocked], problem)
        return WinogradBlocking.ranked(descriptor, target).map { blocking, cycles in
            KernelTactic(
                "winograd \(blocking.name)",
                inputLayouts: inputLayouts,
                outputLayout: blocked,
                estimatedNanoseconds: cycles / ConvolutionTactics.cyclesPerNanosecond,
                isExact: false
            ) {
                do throws(JITError) {
                    return WinogradKernel(
                        try WinogradConvolution(descriptor, blocking: blocking, target: target, cache: .shared),
                        output: convolution.dst.shape
                    )
                } catch {
                    assertionFailure("\(error)")  // the blocking was chosen to fit
                    return nil
                }
            }
        }
    }

    /// What the generators see of the problem; nil where they do not cover it.
    private static func descriptor(
        _ convolution: ConvolutionProblem,
        _ problem: KernelProblem,
        lanes: Int
    ) -> WinogradDescriptor? {
        guard let epilogue = Epilogue(blocked: convolution.stages, problem) else { return nil }
        let descriptor = WinogradDescriptor(
            srcChannels: convolution.srcChannels,
            dstChannels: convolution.dstChannels,
            rows: convolution.rows,
            columns: convolution.columns,
            batch: convolution.batch,
            hasBias: convolution.hasBias,
            epilogue: epilogue
        )
        return descriptor.rejection(lanes: lanes) == nil ? descriptor : nil
    }
}
