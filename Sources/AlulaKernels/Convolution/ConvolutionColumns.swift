// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// The columns of a dst row cut into tiles, neighbours that see the same padding joined into runs.
struct ConvolutionColumns {
    /// Tiles in a row that run the same code.
    struct Run: Hashable {
        /// Columns of each tile.
        let width: Int
        /// How many tiles.
        var tileCount: Int
        /// By tap column: the columns of the tile whose tap lies inside src.
        let inside: [Range<Int>]

        /// The columns of the tile whose tap `tap` lies inside src.
        func columnsInside(_ tap: Int) -> Range<Int> { inside[tap] }
    }

    /// From the first column to the last.
    let runs: [Run]

    init(_ axis: WindowAxis, tileWidth: Int) {
        var runs: [Run] = []
        for start in stride(from: 0, to: axis.dstExtent, by: tileWidth) {
            let width = min(tileWidth, axis.dstExtent - start)
            let inside = (0..<axis.kernelExtent).map { tap in
                let windows = axis.windows(tap: tap).clamped(to: start..<(start + width))
                return windows.isEmpty ? 0..<0 : (windows.lowerBound - start)..<(windows.upperBound - start)
            }
            if let last = runs.last, last.width == width, last.inside == inside {
                runs[runs.count - 1].tileCount += 1
            } else {
                runs.append(Run(width: width, tileCount: 1, inside: inside))
            }
        }
        self.runs = runs
    }
}
