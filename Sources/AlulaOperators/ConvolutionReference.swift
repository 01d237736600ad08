// SPDX-License-Identifier: Apache-2.0

/// The scalar convolution behind `Conv`, `ConvInteger` and `QLinearConv`.
///
/// `dst[n, oc, od, oh, ow] = Σ src[n, ic, od·s − p + kd·d, …] · weights[oc, ic mod IC/G, kd, kh, kw]`, the sum over the
/// `IC/G` channels of oc's group and all taps inside src. One and two spatial axes are three with unit axes in front.
struct ConvolutionReference {
    /// Spatial axes, always three.
    let geometry: WindowGeometry
    /// Images.
    let batch: Int
    /// Channels of src.
    let srcChannels: Int
    /// Channels of dst.
    let dstChannels: Int
    /// Groups the channels fall into.
    let group: Int

    /// A convolution; `geometry` has one to three axes.
    init(_ geometry: WindowGeometry, batch: Int, srcChannels: Int, dstChannels: Int, group: Int) {
        self.geometry = geometry.padded(to: 3)
        self.batch = batch
        self.srcChannels = srcChannels
        self.dstChannels = dstChannels
        self.group = group
    }

    /// Computes dst row by row: `body` gets each row's sums, its channel, and the index of its first element in dst.
    ///
    /// - Parameters:
    ///   - src: `[N, IC, ID, IH, IW]`.
    ///   - weights: `[OC, IC/G, KD, KH, KW]`.
    func forEachRow(src: [Double], weights: [Double], _ body: (_ row: [Double], _ channel: Int, _ start: Int) -> Void) {
        let (depth, height, width) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
        var row = [Double](repeating: 0, count: width.dstExtent)
        var start = 0
        for n in 0..<batch {
            for oc in 0..<dstChannels {
                for od in 0..<depth.dstExtent {
                    for oh in 0..<height.dstExtent {
                        for index in row.indices { row[index] = 0 }
                        accumulate(n: n, oc: oc, od: od, oh: oh, src: src, weights: weights, into: &row)
                        body(row, oc, start)
                        start += row.count
                    }
                }
            }
        }
    }

    /// Adds all channels and taps of one dst row.
    private func accumulate(
        n: Int,
        oc: Int,
        od: Int,
        oh: Int,
        src: [Double],
        weights: [Double],
        into row: inout [Double]
    ) {
        let (depth, height, width) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
        let groupChannels = srcChannels / group
        let firstChannel = oc / (dstChannels / group) * groupChannels
        for channel in 0..<groupChannels {
            let plane = (n * srcChannels + firstChannel + channel) * geometry.srcElementCount
            let kernel = (oc * groupChannels + channel) * geometry.kernelElementCount
            for kd in depth.taps(at: od) {
                for kh in height.taps(at: oh) {
                    let id = depth.srcIndex(dst: od, tap: kd)
                    let ih = height.srcIndex(dst: oh, tap: kh)
                    let srcRow = plane + (id * height.srcExtent + ih) * width.srcExtent
                    let kernelRow = kernel + (kd * height.kernelExtent + kh) * width.kernelExtent
                    for kw in 0..<width.kernelExtent {
                        let windows = width.windows(tap: kw)
                        let first = srcRow + width.srcIndex(dst: windows.lowerBound, tap: kw)
                        let weight = weights[kernelRow + kw]
                        addScaled(weight, src, from: first, step: width.stride, to: &row, in: windows)
                    }
                }
            }
        }
    }

    /// `row[i] += weight · src[first + (i − windows.lowerBound) · step]` for all `i` in `windows`.
    private func addScaled(
        _ weight: Double,
        _ src: [Double],
        from first: Int,
        step: Int,
        to row: inout [Double],
        in windows: Range<Int>
    ) {
        guard step > 1 else {
            let shift = first - windows.lowerBound
            for index in windows { row[index] += weight * src[shift + index] }
            return
        }
        var position = first
        for index in windows {
            row[index] += weight * src[position]
            position += step
        }
    }
}
