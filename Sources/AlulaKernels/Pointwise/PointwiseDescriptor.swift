// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaOperators

/// A 2-D float convolution of one tap without padding from blocked src: a product of every pixel's channels with a matrix.
///
/// `dst[n, oc, oh, ow] = epilogue(bias[oc] + Σ src[n, ic, oh·stride, ow·stride]·weights[oc, ic])`. The batch is not part of
/// it: images are independent.
package struct PointwiseDescriptor: Hashable, Sendable {
    package var srcChannels: Int
    package var dstChannels: Int
    /// The window over the height, of one tap.
    package var rows: WindowAxis
    /// The window over the width, of one tap.
    package var columns: WindowAxis
    /// Whether dst is `[N, OC, OH, OW]` instead of blocked.
    package var isDstPlanar: Bool
    package var hasBias: Bool
    package var epilogue: Epilogue

    package init(
        srcChannels: Int,
        dstChannels: Int,
        rows: WindowAxis,
        columns: WindowAxis,
        isDstPlanar: Bool = false,
        hasBias: Bool = true,
        epilogue: Epilogue = Epilogue()
    ) {
        self.srcChannels = srcChannels
        self.dstChannels = dstChannels
        self.rows = rows
        self.columns = columns
        self.isDstPlanar = isDstPlanar
        self.hasBias = hasBias
        self.epilogue = epilogue
    }

    /// Blocks of dst channels; the last may be partly zero.
    package func dstBlockCount(lanes: Int) -> Int { (dstChannels + lanes - 1) / lanes }

    /// Whether the pixels of all rows follow each other in src as they do in dst.
    private var isDense: Bool { rows.stride == 1 && columns.stride == 1 }

    /// Rows the product goes over one by one.
    var rowCount: Int { isDense ? 1 : rows.dstExtent }

    /// What the code generator sees.
    var product: PixelProductDescriptor {
        let srcPlane = rows.srcExtent * columns.srcExtent
        let dstPlane = rows.dstExtent * columns.dstExtent
        var product = PixelProductDescriptor(
            srcChannels: srcChannels,
            positionCount: dstPlane,
            hasBias: hasBias,
            epilogue: epilogue
        )
        if !isDense {
            product.rowPixelCount = columns.dstExtent
            product.srcPixelStep = columns.stride
            product.srcRowStep = rows.stride * columns.srcExtent
            product.srcBlockStep = srcPlane
            product.dstRowStep = columns.dstExtent
        }
        if isDstPlanar { product.destination = .planar(positions: dstPlane) }
        return product
    }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        guard srcChannels > 0, dstChannels > 0, rows.dstExtent > 0, columns.dstExtent > 0 else {
            return "nothing to do"
        }
        for axis in [rows, columns] where axis.kernelExtent != 1 || axis.padBegin != 0 || axis.padEnd != 0 {
            return "a window of \(axis.kernelExtent) taps with padding \(axis.padBegin), \(axis.padEnd)"
        }
        if let reason = epilogue.blockedRejection { return reason }
        if isDstPlanar, epilogue.operands.contains(where: { $0.extent == .full }) { return "a planar operand like dst" }
        let limit = Int(Int32.max) / (lanes * 4)  // tiles of four blocks stay within 32-bit displacements
        if 4 * rows.srcExtent * columns.srcExtent > limit || 4 * rows.dstExtent * columns.dstExtent > limit {
            return "four blocks of \(lanes) channels are larger than 2 GiB"
        }
        return nil
    }

    /// The tiles that fit, those with the lowest estimated cycles for an image first.
    package func rankedTiles(_ target: VectorTarget) -> [(tile: PixelProductTile, cycles: Double)] {
        let count = dstBlockCount(lanes: target.lanes)
        return PixelProductTile.ranked(
            product,
            rowCount: rowCount,
            target,
            blockChoices: 1...(isDstPlanar ? 1 : min(4, count))
        ) { blocks in
            Self.chunkBlocks(count: count, blocks: blocks)
        }
    }

    /// Vectors of outputs in each chunk, in order.
    static func chunkBlocks(count: Int, blocks: Int) -> [Int] {
        stride(from: 0, to: count, by: blocks).map { min(blocks, count - $0) }
    }
}
