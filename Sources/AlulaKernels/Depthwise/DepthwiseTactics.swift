// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// The tactics of depthwise convolutions in blocked layout.
enum DepthwiseTactics {
    /// A few tiles for a `Conv` with as many groups as channels of src and dst.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] { tactics(problem, tiles: nil) }

    /// As ``tactics(_:)``, for tiles of choice.
    static func tactics(_ problem: KernelProblem, tiles: [WindowTile]?) -> [KernelTactic] {
        guard let target = problem.target, let layout = problem.blockedLayout,
            let convolution = ConvolutionProblem(problem), convolution.srcChannels == 1, convolution.dstChannels == 1,
            convolution.group > 1, let epilogue = Epilogue(blocked: convolution.stages, problem)
        else { return [] }
        let descriptor = DepthwiseDescriptor(
            channels: convolution.group,
            rows: convolution.rows,
            columns: convolution.columns,
            hasBias: convolution.hasBias,
            epilogue: epilogue
        )
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let blocks = Double(convolution.batch * descriptor.blockCount(lanes: target.lanes))
        let ranked = tiles?.map { (tile: $0, cycles: 0) } ?? Array(descriptor.rankedTiles(target).prefix(3))
        return ranked.map { tile, cycles in
            KernelTactic(
                "depthwise \(tile)",
                inputLayouts: epilogue.inputLayouts([layout], problem),
                outputLayout: layout,
                estimatedNanoseconds: cycles * blocks / ConvolutionTactics.cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    return try DepthwiseConvolution(
                        descriptor,
                        batch: convolution.batch,
                        tile: tile,
                        target: target,
                        cache: .shared
                    )
                } catch {
                    assertionFailure("\(error)")  // the tile was chosen to fit
                    return nil
                }
            }
        }
    }
}
