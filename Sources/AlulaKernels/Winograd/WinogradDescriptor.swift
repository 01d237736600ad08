// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A 3×3 convolution with stride 1 as the Winograd kernels see it; src and dst are blocked, `[N, C/c, H, W, c]`.
///
/// `dst[n, oc, oh, ow] = epilogue(bias[oc] + Σ src[…]·weights[oc, ic, kh, kw])`. Lanes of src behind the last channel may
/// hold anything; those of dst get what a sum of zero gives.
package struct WinogradDescriptor: Hashable, Sendable {
    /// Channels of src.
    package var srcChannels: Int
    /// Channels of dst.
    package var dstChannels: Int
    /// The window over the height.
    package var rows: WindowAxis
    /// The window over the width.
    package var columns: WindowAxis
    package var batch: Int
    package var hasBias: Bool
    /// Operands that vary like dst are blocked like it; those that vary by channel are padded to whole blocks.
    package var epilogue: Epilogue

    /// A convolution; by default with bias and nothing else.
    package init(
        srcChannels: Int,
        dstChannels: Int,
        rows: WindowAxis,
        columns: WindowAxis,
        batch: Int = 1,
        hasBias: Bool = true,
        epilogue: Epilogue = Epilogue()
    ) {
        self.srcChannels = srcChannels
        self.dstChannels = dstChannels
        self.rows = rows
        self.columns = columns
        self.batch = batch
        self.hasBias = hasBias
        self.epilogue = epilogue
    }

    /// Why the generators do not cover the problem for vectors of `lanes`; nil if they do.
    package func rejection(lanes: Int) -> String? {
        for axis in [rows, columns] where axis.kernelExtent != 3 || axis.stride != 1 || axis.dilation != 1 {
            let window = "a window of \(axis.kernelExtent) with stride \(axis.stride) and dilation \(axis.dilation)"
            return window + " is not 3, 1, 1"
        }
        if srcChannels < 1 || dstChannels < 1 || batch < 1 || rows.dstExtent < 1 || columns.dstExtent < 1 {
            return "nothing to do"
        }
        let largestPlane = max(
            rows.srcExtent * columns.srcExtent,
            rows.dstExtent * columns.dstExtent
        )
        if largestPlane * lanes * 16 > Int(Int32.max) { return "a block of \(lanes) channels is larger than 512 MiB" }
        return epilogue.keepsFinite ? epilogue.blockedRejection : "unused lanes would become infinite"
    }

    /// Vectors of src channels; the last may be partly unused.
    package func srcBlockCount(lanes: Int) -> Int { (srcChannels + lanes - 1) / lanes }
    /// Vectors of dst channels; the last may be partly unused.
    package func dstBlockCount(lanes: Int) -> Int { (dstChannels + lanes - 1) / lanes }

    /// Multiplications and additions of the direct algorithm: two for every dst element, channel and tap.
    package var directOperationCount: Int {
        2 * batch * rows.dstExtent * columns.dstExtent * dstChannels * srcChannels * 9
    }
}
