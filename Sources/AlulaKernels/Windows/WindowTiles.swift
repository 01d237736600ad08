// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// One axis of dst cut into tiles, neighbours whose windows see the same padding joined into runs.
struct WindowTiles: Sendable {
    /// Tiles that run the same code.
    struct Run: Hashable, Sendable {
        /// Windows of each tile.
        let extent: Int
        /// How many tiles.
        var tileCount: Int
        /// By tap: the windows of the tile whose tap lies inside src.
        let inside: [Range<Int>]
        /// By window of the tile: taps inside src or its declared padding.
        let cellCounts: [Int]

        /// Taps of window `window` that lie inside src.
        func taps(of window: Int) -> [Int] { inside.indices.filter { inside[$0].contains(window) } }

        /// The same code, without how often it runs.
        var pattern: Run {
            var copy = self
            copy.tileCount = 1
            return copy
        }
    }

    /// From the first window to the last.
    let runs: [Run]

    /// - Parameter countsCells: whether windows with different ``Run/cellCounts`` are told apart; they are all zero if not.
    init(_ axis: WindowAxis, tileExtent: Int, countsCells: Bool = false) {
        var runs: [Run] = []
        for start in stride(from: 0, to: axis.dstExtent, by: tileExtent) {
            let extent = min(tileExtent, axis.dstExtent - start)
            let run = Run(
                extent: extent,
                tileCount: 1,
                inside: (0..<axis.kernelExtent).map { tap in
                    let windows = axis.windows(tap: tap).clamped(to: start..<(start + extent))
                    return windows.isEmpty ? 0..<0 : (windows.lowerBound - start)..<(windows.upperBound - start)
                },
                cellCounts: (0..<extent).map { countsCells ? axis.cellCount(at: start + $0) : 0 }
            )
            if let last = runs.last, last.pattern == run {
                runs[runs.count - 1].tileCount += 1
            } else {
                runs.append(run)
            }
        }
        self.runs = runs
    }
}

extension WindowAxis {
    /// Taps of window `dst` inside src or its declared padding: a last window of ceil mode reaches beyond both.
    fileprivate func cellCount(at dst: Int) -> Int {
        let room = srcExtent + padBegin + padEnd - 1 - dst * stride
        return min(kernelExtent, room / dilation + 1)
    }
}
