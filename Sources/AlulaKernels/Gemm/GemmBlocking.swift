// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaSystem

/// How a matrix product is cut: rows and columns into register tiles, terms into blocks, all of it into parts.
package struct GemmBlocking: Hashable, Sendable {
    /// Where the code finds a panel of weights.
    package enum Weights: Hashable, Sendable {
        /// Packed once, before the first run.
        case packed
        /// Packed by every part, a block of terms at a time.
        case packedByPart
        /// As they are: for so few rows that every weight is used once.
        case inPlace
    }

    /// The largest register tile; rows and columns are shared out over as few tiles as there can be.
    package var tile: GemmTile
    package var weights: Weights
    /// Terms summed in one sweep over rows and columns; a multiple of the round of the innermost loop.
    package var termsPerBlock = 512  // a panel of four vectors takes 128 KiB, a quarter of a second-level cache
    /// Parts the rows and the columns of every product fall into.
    package var rowParts = 1
    package var columnParts = 1
    /// Cache lines of weights to ask for in a round of the innermost loop.
    package var prefetchLineCount = 0

    package init(tile: GemmTile, weights: Weights) {
        self.tile = tile
        self.weights = weights
    }

    /// The blocking with the lowest estimated cost.
    package static func best(
        _ descriptor: GemmDescriptor,
        _ target: VectorTarget,
        epilogue: Epilogue = Epilogue()
    ) -> GemmBlocking {
        let srcRowByteCount = descriptor.src.row * 4
        // Rows a multiple of a page apart compete for the same few cache lines.
        let maxRows = srcRowByteCount % 4096 == 0 ? 8 : 14
        let tiles = GemmTile.candidates(target, epilogue: epilogue).filter { $0.rows <= maxRows }
        let tile = tiles.min { descriptor.cycles($0, target.lanes) < descriptor.cycles($1, target.lanes) }
        return GemmBlocking(descriptor, tile: tile ?? GemmTile(rows: 1, vectors: 1), lanes: target.lanes)
    }

    /// A blocking for `tile`; the rest follows from the problem.
    package init(_ descriptor: GemmDescriptor, tile: GemmTile, lanes: Int) {
        self.tile = tile
        let rows = EvenSplit(descriptor.m, limit: tile.rows)
        let isInPlace = rows.count == 1 && !descriptor.areWeightsTransposed
        weights = descriptor.areWeightsConstant ? .packed : isInPlace ? .inPlace : .packedByPart
        let weightsByteCount = descriptor.n * descriptor.k * 4
        setParts(descriptor, rows: rows, lanes: lanes, weightsByteCount: weightsByteCount)
        let cachedByteCount = 256 << 10  // weights that stay in a second-level cache beside everything else
        if weights == .packed, weightsByteCount > cachedByteCount {
            let linesPerRound = tile.vectors * lanes * 4 * GemmTileDescriptor.termUnroll / 64
            let tilesPerPart = (rows.count + rowParts - 1) / rowParts
            prefetchLineCount = min(8, (linesPerRound + tilesPerPart - 1) / tilesPerPart)
        }
    }

    /// Rows that do not stay in cache are cut; then columns, or, where weights are small, more rows, until there are
    /// enough parts to share out.
    private mutating func setParts(_ descriptor: GemmDescriptor, rows: EvenSplit, lanes: Int, weightsByteCount: Int) {
        let cachedSrcByteCount = 512 << 10
        let blockRowByteCount = min(descriptor.k, termsPerBlock) * 4
        let rowsPerPart = max(tile.rows, cachedSrcByteCount / blockRowByteCount)
        rowParts = min(rows.count, (descriptor.m + rowsPerPart - 1) / rowsPerPart)
        let operationsPerPart = 500_000  // about 3 µs, as long as the threads of a team take to start
        // More parts than threads even out what disturbs one; many small ones do not keep src rows in cache.
        let wanted = min(
            2 * CPUTopology.current.usableCoreCount,
            descriptor.floatingPointOperations / operationsPerPart
        )
        let sharedByteCount = 128 << 10
        if weights == .packed && weightsByteCount <= sharedByteCount {
            let minimumTiles = 4  // so that starting a part does not count
            let most = max(1, rows.count / minimumTiles)
            rowParts = max(rowParts, min(most, (wanted + descriptor.batchCount - 1) / descriptor.batchCount))
        }
        let panels = EvenSplit((descriptor.n + lanes - 1) / lanes, limit: tile.vectors)
        let rowSlots = descriptor.batchCount * rowParts
        columnParts = max(1, min(panels.count, (wanted + rowSlots - 1) / rowSlots))
    }
}

extension GemmDescriptor {
    /// Estimated cycles of one term of one product.
    func cycles(_ tile: GemmTile, _ lanes: Int) -> Double {
        let rows = EvenSplit(m, limit: tile.rows)
        let panels = EvenSplit((n + lanes - 1) / lanes, limit: tile.vectors)
        func column(vectors: Int) -> Double {
            let larger = GemmTile(rows: rows.largerSize, vectors: vectors)
            let smaller = GemmTile(rows: rows.largerSize - 1, vectors: vectors)
            return Double(rows.largerCount) * larger.termCycles(lanes: lanes)
                + Double(rows.count - rows.largerCount) * smaller.termCycles(lanes: lanes)
        }
        return Double(panels.largerCount) * column(vectors: panels.largerSize)
            + Double(panels.count - panels.largerCount) * column(vectors: panels.largerSize - 1)
    }
}
