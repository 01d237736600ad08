// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaOperators

/// The register tile of a planar convolution: `dstChannels` rows by `vectors` vectors of neighbouring columns.
package struct PlanarConvolutionTile: Hashable, Sendable {
    /// Channels of dst computed together; each src vector read is used this often.
    package var dstChannels: Int
    /// Vectors of columns computed together; each weight read is used this often.
    package var vectors: Int

    package init(dstChannels: Int, vectors: Int) {
        self.dstChannels = dstChannels
        self.vectors = vectors
    }

    /// Vector registers the tile needs: accumulators, src, one weight, and the halves of a strided load.
    func vectorCount(stride: Int) -> Int { dstChannels * vectors + vectors + 1 + (stride - 1) }

    /// The tile with the lowest estimated cost for `dstChannels` channels a group; the first of equals.
    package static func best(
        _ descriptor: PlanarConvolutionDescriptor,
        dstChannels: Int,
        _ target: VectorTarget
    ) -> PlanarConvolutionTile {
        let stride = descriptor.columns.stride
        let rowVectors = (descriptor.columns.dstExtent + target.lanes - 1) / target.lanes
        var best = (tile: PlanarConvolutionTile(dstChannels: 1, vectors: 1), cycles: Double.infinity)
        for channels in 1...min(14, dstChannels) {
            for vectors in 1...min(4, rowVectors) {
                let tile = PlanarConvolutionTile(dstChannels: channels, vectors: vectors)
                // Edges of wider tiles make room for masks by being narrower; the narrowest cannot.
                let masks = target.masksAreVectors && vectors == 1 ? 3 : 0
                guard tile.vectorCount(stride: stride) + masks <= target.vectorRegisterCount else { continue }
                let (chunks, lastChannels) = dstChannels.quotientAndRemainder(dividingBy: channels)
                let cycles =
                    Double(chunks) * tile.rowCycles(channels, rowVectors, stride)
                    + tile.rowCycles(lastChannels, rowVectors, stride)
                if cycles < best.cycles { best = (tile, cycles) }
            }
        }
        return best.tile
    }

    /// Estimated cycles of one src channel and tap over a row of dst for `channels` channels.
    private func rowCycles(_ channels: Int, _ rowVectors: Int, _ stride: Int) -> Double {
        guard channels > 0 else { return 0 }
        let (tiles, last) = rowVectors.quotientAndRemainder(dividingBy: vectors)
        return Double(tiles) * Self.stepCycles(channels, vectors, stride)
            + (last == 0 ? 0 : Self.stepCycles(channels, last, stride))
    }

    /// Two multiply-adds and two loads a cycle, a chain of four cycles; src loads cross cache lines and count twice.
    private static func stepCycles(_ channels: Int, _ vectors: Int, _ stride: Int) -> Double {
        let loads = Double(channels + 2 * vectors * stride)
        return max(Double(channels * vectors) / 2, loads / 2, 4) + 0.3 + 0.05 * loads
    }
}

/// The columns of a dst row cut into tiles of whole vectors, neighbours that see the same padding joined into runs.
struct PlanarColumns {
    /// One load of neighbouring src elements: the lanes inside the row.
    typealias Lanes = Range<Int>

    /// Tiles in a row that run the same code.
    struct Run: Hashable {
        let vectors: Int
        var tileCount: Int
        /// By tap column, vector, and part of a strided load: the lanes that lie inside src.
        let inside: [[[Lanes]]]
        /// Columns the last vector stores; the others store all.
        let lastColumns: Int
        /// Whether masks are made once before the tile; there may be too many, then each is made where it is used.
        var hoistsMasks = true

        /// The partial masks the tile needs, without empty and full ones.
        func masks(lanes: Int) -> [Lanes] {
            var result: [Lanes] = lastColumns < lanes ? [0..<lastColumns] : []
            for range in inside.joined().joined() where !range.isEmpty && range != 0..<lanes {
                if !result.contains(range) { result.append(range) }
            }
            return result
        }
    }

    let runs: [Run]

    init(_ axis: WindowAxis, tile: PlanarConvolutionTile, target: VectorTarget) {
        var runs: [Run] = []
        var start = 0
        while start < axis.dstExtent {
            let left = (axis.dstExtent - start + target.lanes - 1) / target.lanes
            var run = Self.run(axis, start: start, vectors: min(tile.vectors, left), target.lanes)
            while run.vectors > 1, !Self.fits(run, tile, axis.stride, target) {
                run = Self.run(axis, start: start, vectors: run.vectors - 1, target.lanes)
            }
            run.hoistsMasks = Self.fits(run, tile, axis.stride, target)
            start += run.vectors * target.lanes
            if let last = runs.last, last.inside == run.inside, last.lastColumns == run.lastColumns,
                last.vectors == run.vectors
            {
                runs[runs.count - 1].tileCount += 1
            } else {
                runs.append(run)
            }
        }
        self.runs = runs
    }

    /// Whether the tile and all its masks fit their registers, with one mask more while a mask is made of two.
    private static func fits(
        _ run: Run,
        _ tile: PlanarConvolutionTile,
        _ stride: Int,
        _ target: VectorTarget
    ) -> Bool {
        let narrowed = PlanarConvolutionTile(dstChannels: tile.dstChannels, vectors: run.vectors)
        let masks = run.masks(lanes: target.lanes).count + 1
        if !target.masksAreVectors { return masks <= target.maskRegisterCount }
        return narrowed.vectorCount(stride: stride) + masks <= target.vectorRegisterCount
    }

    private static func run(_ axis: WindowAxis, start: Int, vectors: Int, _ lanes: Int) -> Run {
        let inside = (0..<axis.kernelExtent).map { tap in
            (0..<vectors).map { vector in
                (0..<axis.stride).map { part -> Lanes in
                    let first = axis.srcIndex(dst: start + vector * lanes, tap: tap) + part * lanes
                    let lower = min(max(0, -first), lanes)
                    return lower..<max(lower, min(lanes, axis.srcExtent - first))
                }
            }
        }
        let lastColumns = min(lanes, axis.dstExtent - start - (vectors - 1) * lanes)
        return Run(vectors: vectors, tileCount: 1, inside: inside, lastColumns: lastColumns)
    }
}
