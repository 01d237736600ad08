// SPDX-License-Identifier: Apache-2.0

/// Offsets of buffers in one workspace, such that buffers alive at the same time do not overlap.
///
/// Greedy best fit, largest buffer first: each goes into the smallest gap that holds it among the buffers whose lifetimes
/// meet its own, or behind them.
package struct WorkspaceLayout: Sendable {
    /// One value that needs memory from the first to the last step of its lifetime, both included.
    package struct Buffer: Sendable {
        package var value: Int
        package var byteCount: Int
        package var lifetime: ClosedRange<Int>

        package init(value: Int, byteCount: Int, lifetime: ClosedRange<Int>) {
            self.value = value
            self.byteCount = byteCount
            self.lifetime = lifetime
        }
    }

    /// The alignment of every buffer, in bytes.
    package static var alignmentByteCount: Int { 256 }

    /// The offset of each value that has a buffer.
    package private(set) var byteOffsets: [Int: Int] = [:]
    /// The bytes of the workspace.
    package private(set) var byteCount = 0

    /// Places `buffers`; the same buffers give the same layout.
    package init(_ buffers: [Buffer]) {
        struct Placed {
            var range: Range<Int>
            var lifetime: ClosedRange<Int>
        }
        let order = buffers.sorted { left, right in
            (right.byteCount, left.lifetime.lowerBound, left.value)
                < (left.byteCount, right.lifetime.lowerBound, right.value)
        }
        var placed: [Placed] = []  // ordered by offset
        for buffer in order {
            let rounded = buffer.byteCount.roundedUp(toMultipleOf: Self.alignmentByteCount)
            var best: (byteOffset: Int, gap: Int)?
            var end = 0
            for other in placed where other.lifetime.overlaps(buffer.lifetime) {
                let gap = other.range.lowerBound - end
                if gap >= rounded, gap < best?.gap ?? .max { best = (end, gap) }
                end = max(end, other.range.upperBound)
            }
            let byteOffset = best?.byteOffset ?? end
            byteOffsets[buffer.value] = byteOffset
            byteCount = max(byteCount, byteOffset + rounded)
            guard rounded > 0 else { continue }
            let range = byteOffset..<byteOffset + rounded
            let position = placed.firstIndex { $0.range.lowerBound > byteOffset } ?? placed.count
            placed.insert(Placed(range: range, lifetime: buffer.lifetime), at: position)
        }
    }
}
