// SPDX-License-Identifier: Apache-2.0

/// Where the elements of a box lie in a contiguous tensor, in elements: the first one, and the step along each axis.
///
/// Steps may be zero (the element is read again, as in broadcasting) or negative (the axis is read backwards).
package struct BoxSteps: Sendable {
    /// Linear index of the box's first element.
    package var start: Int
    /// Distance between neighbours along each axis, outermost first.
    package var steps: [Int]

    /// A box's place in a tensor.
    package init(start: Int = 0, _ steps: [Int]) {
        self.start = start
        self.steps = steps
    }

    /// Whether every element of a box of `extents`, none of them zero, lies in `0..<elementCount`.
    func isInside(_ elementCount: Int, extents: [Int]) -> Bool {
        var lowest = start
        var highest = start
        for (extent, step) in zip(extents, steps) {
            if step < 0 { lowest += step * (extent - 1) } else { highest += step * (extent - 1) }
        }
        return lowest >= 0 && highest < elementCount
    }
}

/// One axis of a box copy after neighbouring axes have been merged.
private struct BoxAxis {
    var extent: Int
    var target: Int
    var origin: Int

    /// The axes of a box, without extents of one and with axes merged where both sides step evenly across them.
    static func merged(_ extents: [Int], _ target: BoxSteps, _ origin: BoxSteps) -> [BoxAxis] {
        var axes: [BoxAxis] = []
        for (axis, extent) in extents.enumerated() where extent != 1 {
            let next = BoxAxis(extent: extent, target: target.steps[axis], origin: origin.steps[axis])
            if let last = axes.last, last.target == next.target * extent, last.origin == next.origin * extent {
                axes[axes.count - 1] = BoxAxis(extent: last.extent * extent, target: next.target, origin: next.origin)
            } else {
                axes.append(next)
            }
        }
        return axes
    }
}

/// Moving elements without regard to what they mean: only the data type's byte width matters.
extension Tensor {
    /// Copies `count` consecutive elements of `source`, from linear index `sourceIndex` on, to linear index `index` on.
    ///
    /// Source and target may share storage if the runs do not overlap.
    /// - Precondition: both tensors are contiguous, hold elements of one width, and contain the runs.
    package func copyRun(at index: Int, from source: Tensor, at sourceIndex: Int, count: Int) {
        let width = dataType.byteCount
        precondition(
            width == source.dataType.byteCount && isContiguous && source.isContiguous,
            "copy of unlike tensors"
        )
        precondition(
            count >= 0 && index >= 0 && sourceIndex >= 0 && count <= elementCount - index
                && count <= source.elementCount - sourceIndex,
            "run of \(count) elements from \(sourceIndex) of \(source.shape) to \(index) of \(shape)"
        )
        unsafe (storage.base + byteOffset + index * width).copyMemory(
            from: source.storage.base + source.byteOffset + sourceIndex * width,
            byteCount: count * width
        )
    }

    /// Copies runs of `count` consecutive elements of `source`, which start `positions` behind linear index `origin`, to one
    /// behind the other from linear index `index` on.
    ///
    /// - Precondition: as ``copyRun(at:from:at:count:)`` for every run; source and target share no element.
    package func copyRuns(
        at index: Int,
        from source: Tensor,
        origin: Int = 0,
        at positions: Span<Int>,
        count: Int
    ) {
        let width = dataType.byteCount
        precondition(
            width == source.dataType.byteCount && isContiguous && source.isContiguous,
            "copy of unlike tensors"
        )
        precondition(
            count >= 0 && index >= 0 && positions.count * count <= elementCount - index,
            "\(positions.count) runs of \(count) elements to \(index) of \(shape)"
        )
        switch count * width {
        case 1: copyWords(at: index, from: source, origin, at: positions, step: 1, as: UInt8.self)
        case 2: copyWords(at: index, from: source, origin, at: positions, step: count, as: UInt16.self)
        case 4: copyWords(at: index, from: source, origin, at: positions, step: count, as: UInt32.self)
        case 8: copyWords(at: index, from: source, origin, at: positions, step: count, as: UInt64.self)
        default:
            for run in 0..<positions.count {
                copyRun(at: index + run * count, from: source, at: origin + positions[run], count: count)
            }
        }
    }

    /// Runs of `step` elements that are one `Word` each, moved without a call for every one.
    private func copyWords<Word: BitwiseCopyable>(
        at index: Int,
        from source: Tensor,
        _ origin: Int,
        at positions: Span<Int>,
        step: Int,
        as word: Word.Type
    ) {
        let wordByteCount = MemoryLayout<Word>.size
        let width = wordByteCount / step
        let last = source.elementCount - step
        var dst = unsafe storage.base + byteOffset + index * width
        let src = unsafe UnsafeRawPointer(source.storage.base) + source.byteOffset
        for run in 0..<positions.count {
            let position = origin + positions[run]
            precondition(position >= 0 && position <= last, "run at \(position) of \(source.shape)")
            // Runs of narrow elements need not be aligned as a word.
            let value = unsafe src.loadUnaligned(fromByteOffset: position * width, as: Word.self)
            unsafe dst.storeBytes(of: value, as: Word.self)
            unsafe dst += wordByteCount
        }
    }

    /// Copies `byteCount` bytes of `source`, from `sourceByteOffset` bytes behind its first element on, to `byteOffset` bytes
    /// behind the first element of this tensor.
    ///
    /// Source and target may share storage if the runs do not overlap. Either may have gaps between outer rows.
    /// - Precondition: both runs are inside the storages.
    package func copyBytes(at byteOffset: Int, from source: Tensor, at sourceByteOffset: Int, byteCount: Int) {
        let target = self.byteOffset + byteOffset
        let origin = source.byteOffset + sourceByteOffset
        precondition(
            byteCount >= 0 && target >= 0 && origin >= 0 && byteCount <= storage.byteCount - target
                && byteCount <= source.storage.byteCount - origin,
            "run of \(byteCount) bytes from \(origin) of \(source.storage.byteCount) to \(target) of \(storage.byteCount)"
        )
        unsafe (storage.base + target).copyMemory(from: source.storage.base + origin, byteCount: byteCount)
    }

    /// The memory the elements span, gaps between outer rows included, as one axis.
    package var flattened: Tensor {
        guard !isContiguous, elementCount > 0 else { return reshaped(to: [elementCount]) }
        let count = (shape[0] - 1) * outerStrideElements + shape.elementCount(in: 1..<shape.rank)
        // The elements lie inside the storage, and so do the gaps between them.
        return Tensor(dataType: dataType, shape: [count], storage: storage, byteOffset: byteOffset) ?? self
    }

    /// Copies a box of elements of `source`, laid out as `origin`, to this tensor, laid out as `target`.
    ///
    /// Axes are merged where both sides allow it, and runs that are contiguous on both sides are moved as runs.
    /// Source and target may share storage if no element is both read and written.
    /// - Precondition: both tensors are contiguous, hold elements of one width, and contain the box.
    package func copyBox(_ extents: [Int], at target: BoxSteps, from source: Tensor, at origin: BoxSteps) {
        precondition(
            dataType.byteCount == source.dataType.byteCount && isContiguous && source.isContiguous,
            "copy of unlike tensors"
        )
        precondition(extents.count == target.steps.count && extents.count == origin.steps.count, "ranks of a box")
        guard !extents.contains(0) else { return }
        precondition(
            target.isInside(elementCount, extents: extents) && origin.isInside(source.elementCount, extents: extents),
            "box \(extents) at \(target) of \(shape), from \(origin) of \(source.shape)"
        )
        let axes = BoxAxis.merged(extents, target, origin)
        switch dataType.byteCount {
        case 1: copyAxes(axes, width: UInt8.self, at: target.start, from: source, at: origin.start)
        case 2: copyAxes(axes, width: UInt16.self, at: target.start, from: source, at: origin.start)
        case 4: copyAxes(axes, width: UInt32.self, at: target.start, from: source, at: origin.start)
        default: copyAxes(axes, width: UInt64.self, at: target.start, from: source, at: origin.start)
        }
    }

    /// Writes element `sourceIndex` of `source` to every element of this tensor.
    ///
    /// - Precondition: as ``copyBox(_:at:from:at:)``.
    package func fill(from source: Tensor, at sourceIndex: Int = 0) {
        copyBox([elementCount], at: BoxSteps([1]), from: source, at: BoxSteps(start: sourceIndex, [0]))
    }

    private func copyAxes<Word: BitwiseCopyable>(
        _ axes: [BoxAxis],
        width: Word.Type,
        at targetStart: Int,
        from source: Tensor,
        at originStart: Int
    ) {
        let inner = axes.last ?? BoxAxis(extent: 1, target: 1, origin: 1)
        var index = [Int](repeating: 0, count: max(axes.count - 1, 0))
        var target = targetStart
        var origin = originStart
        while true {
            copyAxis(inner, width: width, at: target, from: source, at: origin)
            var axis = index.count - 1
            while axis >= 0 {
                index[axis] += 1
                target += axes[axis].target
                origin += axes[axis].origin
                if index[axis] < axes[axis].extent { break }
                target -= axes[axis].target * axes[axis].extent
                origin -= axes[axis].origin * axes[axis].extent
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    private func copyAxis<Word: BitwiseCopyable>(
        _ axis: BoxAxis,
        width: Word.Type,
        at target: Int,
        from source: Tensor,
        at origin: Int
    ) {
        let wordByteCount = MemoryLayout<Word>.size
        var dst = unsafe storage.base + byteOffset + target * wordByteCount
        var src = unsafe UnsafeRawPointer(source.storage.base) + source.byteOffset + origin * wordByteCount
        guard axis.target != 1 || axis.origin != 1 else {
            return unsafe dst.copyMemory(from: src, byteCount: axis.extent * wordByteCount)
        }
        let dstStep = axis.target * wordByteCount
        let srcStep = axis.origin * wordByteCount
        for _ in 0..<axis.extent {
            // Raw access is legal whatever type the memory is bound to; the pointers step past the last element unread.
            unsafe dst.storeBytes(of: src.load(as: Word.self), as: Word.self)
            unsafe dst += dstStep
            unsafe src += srcStep
        }
    }
}
