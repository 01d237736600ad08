// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

/// The compiled pieces of one Winograd convolution.
struct WinogradKernels: Sendable {
    /// By run of tile columns.
    let src: [ExecutableKernel]
    private let full: Panel
    /// The pieces of the last panel, which may be narrower.
    private let last: Panel
    private let dstBlocks: Int
    private let tilesPerPart: Int

    /// The pieces that depend on how many blocks a panel has.
    private struct Panel: Sendable {
        let weights: ExecutableKernel
        let multiply: ExecutableKernel
        let multiplyLastPart: ExecutableKernel
        /// By run of tile columns.
        let dst: [ExecutableKernel]
        let dstLastRow: [ExecutableKernel]
    }

    init(
        _ descriptor: WinogradDescriptor,
        _ blocking: WinogradBlocking,
        _ layout: WinogradLayout,
        _ schedule: WinogradSchedule,
        _ prefetch: WinogradPrefetch,
        _ target: VectorTarget?,
        _ cache: CodeCache
    ) throws(JITError) {
        let factory = Factory(
            descriptor: descriptor,
            blocking: blocking,
            layout: layout,
            schedule: schedule,
            prefetch: prefetch,
            target: target,
            cache: cache
        )
        src = try factory.src()
        full = try factory.panel(dstBlocks: blocking.dstBlocks)
        last = try factory.panel(dstBlocks: layout.panels.last ?? blocking.dstBlocks)
        dstBlocks = blocking.dstBlocks
        tilesPerPart = blocking.tilesPerPart
    }

    /// What profilers and reports show: the piece that takes most of the time.
    var identifier: String { full.multiply.name }

    /// The piece that transforms the weights of a panel.
    func weights(dstBlocks: Int) -> ExecutableKernel { panel(dstBlocks).weights }

    /// The piece that multiplies the tiles of a part.
    func multiply(tileCount: Int, dstBlocks: Int) -> ExecutableKernel {
        tileCount == tilesPerPart ? panel(dstBlocks).multiply : panel(dstBlocks).multiplyLastPart
    }

    /// The piece that finishes tiles of a run.
    func dst(run: Int, isLastRow: Bool, dstBlocks: Int) -> ExecutableKernel {
        isLastRow ? panel(dstBlocks).dstLastRow[run] : panel(dstBlocks).dst[run]
    }

    private func panel(_ dstBlocks: Int) -> Panel { dstBlocks == self.dstBlocks ? full : last }

    // MARK: Compilation

    private struct Factory {
        let descriptor: WinogradDescriptor
        let blocking: WinogradBlocking
        let layout: WinogradLayout
        let schedule: WinogradSchedule
        let prefetch: WinogradPrefetch
        let target: VectorTarget?
        let cache: CodeCache

        func src() throws(JITError) -> [ExecutableKernel] {
            var kernels: [ExecutableKernel] = []
            for run in schedule.columnRuns {
                let key = WinogradSrcTransform.Configuration(
                    variant: blocking.variant,
                    insideColumns: run.insideColumns,
                    blockCount: layout.srcBlockCount,
                    planeByteCount: layout.srcPlaneByteCount
                )
                kernels.append(
                    try cache.kernel(for: key, target: target) { WinogradSrcTransform.program(key, target: $0) }
                )
            }
            return kernels
        }

        func panel(dstBlocks: Int) throws(JITError) -> Panel {
            Panel(
                weights: try weights(dstBlocks: dstBlocks),
                multiply: try multiply(dstBlocks: dstBlocks, tileCount: blocking.tilesPerPart),
                multiplyLastPart: try multiply(dstBlocks: dstBlocks, tileCount: schedule.lastPartTileCount),
                dst: try dst(dstBlocks: dstBlocks, rowCount: blocking.variant.dstExtent),
                dstLastRow: try dst(dstBlocks: dstBlocks, rowCount: schedule.lastRowCount)
            )
        }

        private func weights(dstBlocks: Int) throws(JITError) -> ExecutableKernel {
            let key = WinogradWeightTransform.Configuration(
                variant: blocking.variant,
                srcChannels: layout.srcChannels,
                dstBlocks: dstBlocks
            )
            return try cache.kernel(for: key, target: target) { WinogradWeightTransform.program(key, target: $0) }
        }

        private func multiply(dstBlocks: Int, tileCount: Int) throws(JITError) -> ExecutableKernel {
            let key = WinogradMultiply.Configuration(
                planeCount: layout.planeCount,
                srcChannels: layout.srcChannels,
                dstBlocks: dstBlocks,
                tileCount: tileCount,
                width: blocking.width,
                channelUnroll: blocking.channelUnroll,
                srcPlaneByteCount: layout.srcPlaneByteCount,
                dstPlaneByteCount: layout.dstPlaneByteCount,
                prefetch: prefetch
            )
            return try cache.kernel(for: key, target: target) { WinogradMultiply.program(key, target: $0) }
        }

        private func dst(dstBlocks: Int, rowCount: Int) throws(JITError) -> [ExecutableKernel] {
            var kernels: [ExecutableKernel] = []
            for run in schedule.columnRuns {
                let key = WinogradDstTransform.Configuration(
                    variant: blocking.variant,
                    rowCount: rowCount,
                    columnCount: run.dstColumnCount,
                    planeByteCount: layout.dstPlaneByteCount,
                    tileByteCount: dstBlocks * layout.vectorByteCount,
                    dstRowByteCount: descriptor.columns.dstExtent * layout.vectorByteCount,
                    hasBias: descriptor.hasBias,
                    epilogue: descriptor.epilogue
                )
                kernels.append(
                    try cache.kernel(for: key, target: target) { WinogradDstTransform.program(key, target: $0) }
                )
            }
            return kernels
        }
    }
}
