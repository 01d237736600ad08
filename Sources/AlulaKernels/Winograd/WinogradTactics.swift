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
        var inputLayouts = convolution.inputs.map { _ in TensorLayout.planar }
        inputLayouts[0] = blocked
        for operand in descriptor.epilogue.operands where operand.extent == .full {
            inputLayouts[operand.input] = blocked
        }
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
                        try WinogradConvolution(descriptor, blocking: blocking, target: target, cache: .shared)
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
        let epilogue = Epilogue(
            stages: convolution.stages,
            inputs: convolution.inputs,
            constants: problem.constants,
            output: convolution.dst.shape,
            channelAxis: 1
        )
        guard let epilogue else { return nil }
        for operand in epilogue.operands {
            let isKnown = problem.isConstant(operand.input)
            // Known tensors stay planar, and so do those of another rank; channels that do not fill blocks have to be padded
            // beforehand.
            if operand.extent == .full && (isKnown || convolution.inputs[operand.input] != convolution.dst) {
                return nil
            }
            if operand.extent == .channel && !isKnown && convolution.dstChannels % lanes != 0 { return nil }
        }
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
