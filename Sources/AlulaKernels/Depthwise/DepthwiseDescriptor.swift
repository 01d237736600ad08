// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A 2-D depthwise float convolution over blocked tensors: every channel has a window of its own.
///
/// `dst[n, c, oh, ow] = epilogue(bias[c] + Σ src[n, c, …]·weights[c, kh, kw])`. The batch is not part of it: images are
/// independent.
package struct DepthwiseDescriptor: Hashable, Sendable {
    package var channels: Int
    /// The window over the height.
    package var rows: WindowAxis
    /// The window over the width.
    package var columns: WindowAxis
    package var hasBias: Bool
    package var epilogue: Epilogue

    package init(
        channels: Int,
        rows: WindowAxis,
        columns: WindowAxis,
        hasBias: Bool = true,
        epilogue: Epilogue = Epilogue()
    ) {
        self.channels = channels
        self.rows = rows
        self.columns = columns
        self.hasBias = hasBias
        self.epilogue = epilogue
    }

    /// Taps of the window.
    var tapCount: Int { rows.kernelExtent * columns.kernelExtent }

    /// Blocks of channels; the last may be partly zero.
    package func blockCount(lanes: Int) -> Int { (channels + lanes - 1) / lanes }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        guard channels > 0, rows.dstExtent > 0, columns.dstExtent > 0 else { return "nothing to do" }
        if let reason = epilogue.blockedRejection { return reason }
        return WindowTile.rejection(rows: rows, columns: columns, lanes: lanes)
    }
}
