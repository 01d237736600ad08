// SPDX-License-Identifier: Apache-2.0

/// A product of the channels of every pixel of a blocked src with a matrix, as the code generator sees it: what a
/// convolution of one tap is, and a transposed convolution whose windows do not overlap.
///
/// `dst[o, p] = epilogue(bias[o] + Σ weights[i, o]·src[i, p])` for all pixels `p` of some rows and some neighbouring
/// vectors `o` of outputs. Distances are in vectors: a pixel of one block of channels takes one.
package struct PixelProductDescriptor: Hashable, Sendable {
    /// How dst lies in memory.
    package enum Destination: Hashable, Sendable {
        /// `[…, c]`: the outputs of a pixel are a vector.
        case blocked
        /// `[O, P]`: the pixels of an output follow each other, `positions` of them.
        case planar(positions: Int)
    }

    /// Channels of src.
    package var srcChannels: Int
    /// Pixels of a row; all pixels of a plane where rows follow each other without gaps.
    package var rowPixelCount: Int
    /// From a pixel of src to the next, from the first one of a row to that of the next, and from a block to the next.
    package var srcPixelStep = 1
    package var srcRowStep: Int
    package var srcBlockStep: Int
    /// From the dst of a pixel to that of the next, of a row to that of the next, and from a vector of outputs to the next.
    /// Not for planar dst.
    package var dstPixelStep = 1
    package var dstRowStep: Int
    package var dstBlockStep: Int
    /// Whether vectors of outputs that are computed together are the same channels at different places.
    package var sharesChannels = false
    package var destination = Destination.blocked
    package var hasBias: Bool
    package var epilogue: Epilogue
    /// Cache lines of the next call's weights to ask for beside each block of src channels.
    package var weightLinesAhead = 0

    /// A product over planes of `positionCount` pixels without gaps, outputs a plane apart.
    package init(srcChannels: Int, positionCount: Int, hasBias: Bool = true, epilogue: Epilogue = Epilogue()) {
        self.srcChannels = srcChannels
        rowPixelCount = positionCount
        srcRowStep = positionCount
        srcBlockStep = positionCount
        dstRowStep = positionCount
        dstBlockStep = positionCount
        self.hasBias = hasBias
        self.epilogue = epilogue
    }
}

/// The fields generated code reads; one call computes the pixels of some rows for a few vectors of outputs. Addresses and
/// counts.
package struct PixelProductArguments: BitwiseCopyable, Sendable {
    /// The first pixel in the first block.
    package var src = 0
    /// The packed weights of the outputs.
    package var weights = 0
    /// The packed weights of the next call.
    package var weightsAhead = 0
    /// The bias of the first output.
    package var bias = 0
    /// The first pixel of the first vector of outputs, or of the first output where dst is planar.
    package var dst = 0
    package var rowCount = 0
    /// Whole tiles in each row.
    package var tileCount = 0
    /// 1 where the pixels left over at the end of a row follow, else 0.
    package var tailCount = 0
    /// Outputs there are from the first one on, where dst is planar.
    package var outputCount = 0
    package var epilogue = EpilogueArguments()
}

/// The register tile of a product of pixels: `blocks` vectors of outputs by `pixels` pixels of accumulators.
package struct PixelProductTile: Hashable, Sendable {
    /// Vectors of outputs computed together; each src element read is used this often.
    package var blocks: Int
    /// Pixels computed together; each weight vector read is used this often.
    package var pixels: Int

    package init(blocks: Int, pixels: Int) {
        self.blocks = blocks
        self.pixels = pixels
    }

    /// Vector registers besides the accumulators: a weight vector a block and, unless instructions that use it once can
    /// repeat it themselves, a src element.
    var besides: Int { blocks + 1 }
}

extension PixelProductTile: CustomStringConvertible {
    /// For example `2x14`.
    package var description: String { "\(blocks)x\(pixels)" }
}
