// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A 2-D float convolution as the code generator sees it: one group's channels, the window, what surrounds the sum.
///
/// `dst[n, oc, oh, ow] = epilogue(bias[oc] + Σ src[…]·weights[oc, ic, kh, kw])`. The batch is not part of it: images are
/// independent.
package struct DirectConvolutionDescriptor: Hashable, Sendable {
    /// How src lies in memory; dst is always blocked.
    package enum SourceLayout: String, Hashable, Sendable {
        /// `[N, C/c, H, W, c]` with `c` the lanes of a vector and channels behind the last zero.
        case blocked
        /// `[N, C, H, W]`, as a model's input comes; any number of channels.
        case planar
    }

    /// Channels of src in one group.
    package var srcChannels: Int
    /// Channels of dst in one group.
    package var dstChannels: Int
    /// Groups the channels fall into.
    package var group: Int
    /// The window over the height.
    package var rows: WindowAxis
    /// The window over the width.
    package var columns: WindowAxis
    package var srcLayout: SourceLayout
    package var hasBias: Bool
    /// What is done to the sum before it is stored.
    package var epilogue: Epilogue
    /// Whether tiles over src that is zero everywhere skip the sum. Same result for finite weights: nothing is added.
    package var skipsEmptyTiles = false
    /// Rows and columns of dst from one computed element to the next; those between belong to other calls, as in a
    /// transposed convolution.
    package var dstRowStep = 1
    package var dstColumnStep = 1
    /// Cache lines of the next chunk's weights to ask for beside each tap of a round of src channels.
    package var weightLinesAhead = 0

    /// A convolution; by default of one group, from blocked src, with bias and nothing else.
    package init(
        srcChannels: Int,
        dstChannels: Int,
        group: Int = 1,
        rows: WindowAxis,
        columns: WindowAxis,
        srcLayout: SourceLayout = .blocked,
        hasBias: Bool = true,
        epilogue: Epilogue = Epilogue()
    ) {
        self.srcChannels = srcChannels
        self.dstChannels = dstChannels
        self.group = group
        self.rows = rows
        self.columns = columns
        self.srcLayout = srcLayout
        self.hasBias = hasBias
        self.epilogue = epilogue
    }

    /// Two for every dst element, channel of the group and tap, padding included, for one image.
    package var floatingPointOperations: Int {
        2 * rows.dstExtent * columns.dstExtent * dstChannels * group * srcChannels * rows.kernelExtent
            * columns.kernelExtent
    }

    /// Bytes of a row, and of a block of channels, of dst.
    func dstRowByteCount(lanes: Int) -> Int { columns.dstExtent * dstColumnStep * lanes * 4 }
    func dstBlockByteCount(lanes: Int) -> Int { rows.dstExtent * dstRowStep * dstRowByteCount(lanes: lanes) }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        if let reason = epilogue.blockedRejection { return reason }
        if group > 1 && (dstChannels % lanes != 0 || (srcLayout == .blocked && srcChannels % lanes != 0)) {
            return "\(group) groups of \(srcChannels) to \(dstChannels) channels do not fill blocks of \(lanes)"
        }
        if srcChannels < 1 || dstChannels < 1 || rows.dstExtent < 1 || columns.dstExtent < 1 { return "nothing to do" }
        let rowBytes = columns.srcExtent * lanes * 4
        if rows.srcExtent * rowBytes > Int(Int32.max)
            || dstBlockByteCount(lanes: lanes) * 4 > Int(Int32.max)
        {
            return "a block of \(lanes) channels is larger than 2 GiB"
        }
        return nil
    }
}

/// The fields generated code reads; one call computes one row of dst for a few blocks of channels. Addresses and bytes.
package struct DirectConvolutionArguments: BitwiseCopyable, Sendable {
    /// Column 0, first channel of the group, of the first src row under the window that is not padding.
    package var src = 0
    /// The chunk's packed weights at the first tap row that is not padding.
    package var weights = 0
    /// The share of a later chunk's packed weights to ask for.
    package var weightsAhead = 0
    /// The chunk's bias, padded to whole blocks.
    package var bias = 0
    /// Column 0 of the row in the chunk's first block.
    package var dst = 0
    /// Tap rows inside src.
    package var tapRowCount = 0
    /// Bytes of weights of the tap rows that are padding.
    package var skippedWeightByteCount = 0
    /// By tile of the row, 8 bytes each: 0 where there is nothing to sum. Unused unless empty tiles are skipped.
    package var occupied = 0
    package var epilogue = EpilogueArguments()
}
