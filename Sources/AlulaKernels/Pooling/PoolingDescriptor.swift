// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A 2-D pooling of blocked float tensors. The batch is not part of it: images are independent.
package struct PoolingDescriptor: Hashable, Sendable {
    /// What a window becomes.
    package enum Function: Hashable, Sendable {
        /// The greatest element; NaN is never greater.
        case maximum
        /// The mean of the elements inside src, or of those inside src and its declared padding.
        case average(countsPadding: Bool)
    }

    package var function: Function
    package var channels: Int
    /// The window over the height.
    package var rows: WindowAxis
    /// The window over the width.
    package var columns: WindowAxis
    package var epilogue: Epilogue

    package init(
        _ function: Function,
        channels: Int,
        rows: WindowAxis,
        columns: WindowAxis,
        epilogue: Epilogue = Epilogue()
    ) {
        self.function = function
        self.channels = channels
        self.rows = rows
        self.columns = columns
        self.epilogue = epilogue
    }

    /// Whether windows that count different parts of the padding need code of their own.
    var countsCells: Bool { function == .average(countsPadding: true) }

    /// Blocks of channels; the last may be partly filled.
    package func blockCount(lanes: Int) -> Int { (channels + lanes - 1) / lanes }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        guard channels > 0, rows.dstExtent > 0, columns.dstExtent > 0 else { return "nothing to do" }
        if let reason = epilogue.blockedRejection { return reason }
        return WindowTile.rejection(rows: rows, columns: columns, lanes: lanes)
    }

    /// What the elements of a mean along one axis are counted as: of window `window` of `run`.
    func elementCount(_ run: WindowTiles.Run, _ window: Int) -> Int {
        max(1, countsCells ? run.cellCounts[window] : run.taps(of: window).count)
    }
}
