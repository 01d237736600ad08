// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// The tactics of convolutions of one tap from blocked src.
enum PointwiseTactics {
    /// A few tiles for a `Conv` of one tap, one group and no padding; to planar dst, too, where no operand is like dst.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] { tactics(problem, tiles: nil) }

    /// As ``tactics(_:)``, for tiles of choice.
    static func tactics(_ problem: KernelProblem, tiles: [PixelProductTile]?) -> [KernelTactic] {
        guard let convolution = ConvolutionProblem(problem), convolution.group == 1,
            convolution.rows.kernelExtent == 1, convolution.columns.kernelExtent == 1,
            let epilogue = Epilogue(blocked: convolution.stages, problem)
        else { return [] }
        return [false, true].flatMap { tactics(problem, convolution, epilogue, isDstPlanar: $0, tiles: tiles) }
    }

    private static func tactics(
        _ problem: KernelProblem,
        _ convolution: ConvolutionProblem,
        _ epilogue: Epilogue,
        isDstPlanar: Bool,
        tiles: [PixelProductTile]?
    ) -> [KernelTactic] {
        guard let target = problem.target, let layout = problem.blockedLayout else { return [] }
        let descriptor = PointwiseDescriptor(
            srcChannels: convolution.srcChannels,
            dstChannels: convolution.dstChannels,
            rows: convolution.rows,
            columns: convolution.columns,
            isDstPlanar: isDstPlanar,
            hasBias: convolution.hasBias,
            epilogue: epilogue
        )
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let ranked = descriptor.rankedTiles(target)
        let chosen = tiles.map { tiles in ranked.filter { tiles.contains($0.tile) } } ?? Array(ranked.prefix(3))
        return chosen.map { tile, cycles in
            KernelTactic(
                "pointwise \(isDstPlanar ? "to planar " : "")\(tile)",
                inputLayouts: epilogue.inputLayouts([layout], problem),
                outputLayout: isDstPlanar ? .planar : layout,
                estimatedNanoseconds: cycles * Double(convolution.batch) / ConvolutionTactics.cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    return try PointwiseConvolution(
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
