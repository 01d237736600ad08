// SPDX-License-Identifier: Apache-2.0

/// One spatial axis of a convolution or pooling for concrete extents, all defaults resolved.
///
/// Window `o` covers the src elements `o · stride − padBegin + tap · dilation`, `tap` in `0..<kernelExtent`; those
/// outside `0..<srcExtent` are padding. Extents, strides and pads are in elements.
public struct WindowAxis: Sendable, Hashable {
    /// Elements of src.
    public var srcExtent: Int
    /// Elements of dst: the number of windows.
    public var dstExtent: Int
    /// Taps of the window.
    public var kernelExtent: Int
    /// Elements of src between neighbouring windows.
    public var stride: Int
    /// Elements of src between neighbouring taps.
    public var dilation: Int
    /// Padding before element 0 of src.
    public var padBegin: Int
    /// Padding after the last element of src.
    public var padEnd: Int

    /// An axis; left out pads are 0.
    public init(
        srcExtent: Int,
        dstExtent: Int,
        kernelExtent: Int,
        stride: Int = 1,
        dilation: Int = 1,
        padBegin: Int = 0,
        padEnd: Int = 0
    ) {
        self.srcExtent = srcExtent
        self.dstExtent = dstExtent
        self.kernelExtent = kernelExtent
        self.stride = stride
        self.dilation = dilation
        self.padBegin = padBegin
        self.padEnd = padEnd
    }

    /// An axis of one element under a window of one tap: what stands in for an axis that is not there.
    public static let unit = WindowAxis(srcExtent: 1, dstExtent: 1, kernelExtent: 1)

    /// Elements of src from the first tap to the last, both included.
    public var reach: Int { (kernelExtent - 1) * dilation + 1 }

    /// The src element under `tap` of window `dst`; outside `0..<srcExtent` it is padding.
    public func srcIndex(dst: Int, tap: Int) -> Int { dst * stride - padBegin + tap * dilation }

    /// The taps of window `dst` that lie inside src.
    public func taps(at dst: Int) -> Range<Int> {
        let start = dst * stride - padBegin
        let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
        let room = srcExtent - 1 - start
        let end = room < 0 ? 0 : min(kernelExtent, room / dilation + 1)
        return first < end ? first..<end : 0..<0
    }

    /// The windows whose `tap` lies inside src.
    public func windows(tap: Int) -> Range<Int> {
        let start = tap * dilation - padBegin
        let first = start >= 0 ? 0 : (-start + stride - 1) / stride
        let room = srcExtent - 1 - start
        let end = room < 0 ? 0 : min(dstExtent, room / stride + 1)
        return first < end ? first..<end : 0..<0
    }
}

/// How the window of a convolution or pooling lies over concrete src extents: one ``WindowAxis`` a spatial axis.
///
/// Scalar references and kernel generators read the same value.
public struct WindowGeometry: Sendable, Hashable {
    /// The spatial axes, outermost first.
    public var axes: [WindowAxis]

    /// A geometry of the given axes, outermost first.
    public init(axes: [WindowAxis]) { self.axes = axes }

    /// The number of spatial axes.
    public var rank: Int { axes.count }
    /// Spatial extents of src.
    public var srcExtents: [Int] { axes.map(\.srcExtent) }
    /// Spatial extents of dst.
    public var dstExtents: [Int] { axes.map(\.dstExtent) }
    /// Extents of the window.
    public var kernelExtents: [Int] { axes.map(\.kernelExtent) }
    /// Elements of one channel of src.
    public var srcElementCount: Int { srcExtents.reduce(1, *) }
    /// Elements of one channel of dst.
    public var dstElementCount: Int { dstExtents.reduce(1, *) }
    /// Taps of the window.
    public var kernelElementCount: Int { kernelExtents.reduce(1, *) }

    /// Whether dst is src: a 1×1 window with stride 1 and no padding, so that a convolution is a matrix product.
    public var isPointwise: Bool {
        axes.allSatisfy { $0.kernelExtent == 1 && $0.stride == 1 && $0.padBegin == 0 && $0.padEnd == 0 }
    }

    /// The same geometry with unit axes in front, so that code for `rank` axes covers fewer.
    ///
    /// - Precondition: `rank` is not smaller than the geometry's.
    public func padded(to rank: Int) -> WindowGeometry {
        precondition(rank >= axes.count, "geometry of \(axes.count) axes as \(rank)")
        return WindowGeometry(axes: [WindowAxis](repeating: .unit, count: rank - axes.count) + axes)
    }
}
