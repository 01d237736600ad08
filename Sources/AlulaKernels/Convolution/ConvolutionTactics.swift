// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// The tactics of convolutions to blocked layout.
enum ConvolutionTactics {
    /// Direct convolutions, by src layout and register tile.
    @Sendable
    static func direct(_ problem: KernelProblem) -> [KernelTactic] {
        guard problem.target != nil, let convolution = ConvolutionProblem(problem),
            let epilogue = Epilogue(blocked: convolution.stages, problem)
        else { return [] }
        let layouts = sourceLayouts(convolution, lanes: problem.target?.lanes ?? 1)
        let skipping = problem.isSparse(0) && convolution.group == 1 ? [false, true] : [false]
        return layouts.flatMap { layout in
            skipping.flatMap { direct(problem, convolution, epilogue, layout, skipsEmptyTiles: $0) }
        }
    }

    /// Few channels are read from the planar layout as they are; many from blocks. In between, and for the first
    /// convolution of a network whose input comes with many channels, both compete: reading planes saves a reorder.
    private static func sourceLayouts(
        _ convolution: ConvolutionProblem,
        lanes: Int
    ) -> [DirectConvolutionDescriptor.SourceLayout] {
        if convolution.group > 1 { return [.blocked] }
        if convolution.srcChannels <= lanes / 4 { return [.planar] }
        return convolution.srcChannels <= 4 * lanes ? [.planar, .blocked] : [.blocked]
    }

    private static func direct(
        _ problem: KernelProblem,
        _ convolution: ConvolutionProblem,
        _ epilogue: Epilogue,
        _ layout: DirectConvolutionDescriptor.SourceLayout,
        skipsEmptyTiles: Bool
    ) -> [KernelTactic] {
        guard let target = problem.target else { return [] }
        var descriptor = DirectConvolutionDescriptor(
            srcChannels: convolution.srcChannels,
            dstChannels: convolution.dstChannels,
            group: convolution.group,
            rows: convolution.rows,
            columns: convolution.columns,
            srcLayout: layout,
            hasBias: convolution.hasBias,
            epilogue: epilogue
        )
        descriptor.skipsEmptyTiles = skipsEmptyTiles
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let blocked = TensorLayout.blocked(lanes: target.lanes)
        let inputLayouts = epilogue.inputLayouts([layout == .blocked ? blocked : .planar], problem)
        // Planes of many channels are as many streams, more than the prefetchers follow.
        let penalty = layout == .planar && convolution.srcChannels > target.lanes ? 1.1 : 1
        let ranked = DirectConvolutionTile.ranked(descriptor, target).prefix(4)
        let kept = skipsEmptyTiles ? 0.6 : 1.0  // what is worth timing; the clock decides
        return ranked.map { [descriptor] tile, cycles in
            KernelTactic(
                "direct \(layout) \(tile.dstBlocks)x\(tile.width)\(skipsEmptyTiles ? " skipping" : "")",
                inputLayouts: inputLayouts,
                outputLayout: blocked,
                estimatedNanoseconds: cycles * penalty * kept * Double(convolution.batch) / cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    let direct = try DirectConvolution(
                        descriptor,
                        batch: convolution.batch,
                        tile: tile,
                        target: target,
                        cache: .shared
                    )
                    return BlockedConvolutionKernel(direct, output: convolution.dst.shape)
                } catch {
                    assertionFailure("\(error)")  // the tile was chosen to fit
                    return nil
                }
            }
        }
    }

    /// What estimates assume of a clock; only ratios between tactics count.
    static let cyclesPerNanosecond = 3.0
}
