// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// Elements of one tensor that become elements of another: nested loops over a box, with a step on each side.
///
/// Transposes, slices, pieces of a concatenation, repetitions and borders are all such moves; what the elements mean does
/// not matter, only how wide they are.
package struct BoxMove: Hashable, Sendable {
    /// One loop.
    package struct Axis: Hashable, Sendable {
        package var extent: Int
        /// Elements between neighbours on either side; zero on the src side repeats, negative ones run backwards.
        package var dst: Int
        package var src: Int

        package init(extent: Int, dst: Int, src: Int) {
            self.extent = extent
            self.dst = dst
            self.src = src
        }
    }

    /// The loops, outermost first; none where there is a single element. Loops of one iteration are left out, and loops
    /// that both sides step evenly across are one.
    package private(set) var axes: [Axis] = []
    /// The first element on either side.
    package var dstStart: Int
    package var srcStart: Int

    /// A move of a box of `extents`, none of them zero.
    package init(extents: [Int], dst: BoxSteps, src: BoxSteps) {
        dstStart = dst.start
        srcStart = src.start
        for (axis, extent) in extents.enumerated() where extent != 1 {
            append(Axis(extent: extent, dst: dst.steps[axis], src: src.steps[axis]))
        }
    }

    private mutating func append(_ next: Axis) {
        if let last = axes.last, last.dst == next.dst * next.extent, last.src == next.src * next.extent {
            axes[axes.count - 1] = Axis(extent: last.extent * next.extent, dst: next.dst, src: next.src)
        } else {
            axes.append(next)
        }
    }

    /// Elements moved.
    package var elementCount: Int { axes.reduce(1) { $0 * $1.extent } }

    /// The same move in elements of 32 bits; nil where its runs are not made of such.
    ///
    /// - Parameter byteCount: bytes of an element as the move counts them.
    package func inWords(ofElementByteCount byteCount: Int) -> BoxMove? {
        let wordByteCount = 4
        if byteCount == wordByteCount { return self }
        var wide = self
        if byteCount > wordByteCount {
            let count = byteCount / wordByteCount
            wide.axes = []
            for axis in axes { wide.append(Axis(extent: axis.extent, dst: axis.dst * count, src: axis.src * count)) }
            wide.append(Axis(extent: count, dst: 1, src: 1))
            wide.dstStart *= count
            wide.srcStart *= count
            return wide
        }
        let count = wordByteCount / byteCount
        guard let run = axes.last, run.dst == 1, run.src == 1,
            axes.dropLast().allSatisfy({ $0.dst % count == 0 && $0.src % count == 0 }),
            run.extent % count == 0, dstStart % count == 0, srcStart % count == 0
        else { return nil }
        wide.axes = axes.dropLast().map { Axis(extent: $0.extent, dst: $0.dst / count, src: $0.src / count) }
        wide.append(Axis(extent: run.extent / count, dst: 1, src: 1))
        wide.dstStart /= count
        wide.srcStart /= count
        return wide
    }
}
