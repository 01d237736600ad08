// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// The scalar walk over all windows behind `MaxPool`, `AveragePool` and `LpPool`.
struct PoolingReference {
    /// Spatial axes, always three; missing ones are unit axes in front.
    let geometry: WindowGeometry
    /// Images times channels: each is pooled by itself.
    let channelCount: Int

    /// A pooling of a src `[N, C, spatial…]`.
    init(_ geometry: WindowGeometry, src: Shape) {
        self.geometry = geometry.padded(to: 3)
        channelCount = src.elementCount(in: 0..<2)
    }

    /// Folds the src elements of every window.
    ///
    /// - Parameters:
    ///   - initial: the state before a window's first element.
    ///   - fold: adds one element, given by its index in src.
    ///   - finish: gets the window's state, its index in dst, and its cells inside src and the declared padding.
    func forEachWindow<State>(
        _ initial: State,
        fold: (_ state: inout State, _ src: Int) -> Void,
        finish: (_ state: State, _ dst: Int, _ cellCount: Int) -> Void
    ) {
        let (depth, height, width) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
        var dst = 0
        for channel in 0..<channelCount {
            let plane = channel * geometry.srcElementCount
            for od in 0..<depth.dstExtent {
                let depthTaps = depth.taps(at: od)
                for oh in 0..<height.dstExtent {
                    let heightTaps = height.taps(at: oh)
                    for ow in 0..<width.dstExtent {
                        let widthTaps = width.taps(at: ow)
                        var state = initial
                        for kd in depthTaps {
                            for kh in heightTaps {
                                let row = depth.srcIndex(dst: od, tap: kd) * height.srcExtent
                                let start = plane + (row + height.srcIndex(dst: oh, tap: kh)) * width.srcExtent
                                for kw in widthTaps { fold(&state, start + width.srcIndex(dst: ow, tap: kw)) }
                            }
                        }
                        finish(state, dst, depth.cells(at: od) * height.cells(at: oh) * width.cells(at: ow))
                        dst += 1
                    }
                }
            }
        }
    }
}

extension WindowAxis {
    /// The taps of window `dst` inside src or its declared padding: all of them, but for a last window that only
    /// `ceil_mode` brought about.
    func cells(at dst: Int) -> Int {
        let room = srcExtent + padBegin + padEnd - 1 - dst * stride
        return min(kernelExtent, room / dilation + 1)
    }
}

extension WindowParameters {
    /// The geometry of a pooling of operator `op` over a src `[N, C, spatial…]` with one to three spatial axes.
    func poolingGeometry(
        src: Shape,
        kernelShape: [Int],
        ceilMode: Bool,
        for op: String
    ) throws(OperatorError) -> WindowGeometry {
        guard (3...5).contains(src.rank) else {
            throw .shapeMismatch(operator: op, input: 0, got: src, expected: "rank 3 to 5: [N, C, spatial…]")
        }
        let extents = Array(src.extents.dropFirst(2))
        return try geometry(srcExtents: extents, kernelExtents: kernelShape, ceilMode: ceilMode, for: op)
    }
}
