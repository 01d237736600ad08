// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// One axis of a ``GatherPhase``: grid index `g` reads src at `g · srcStep + tap` and writes dst at `dstStart + g · dstStep`.
struct GatherAxis: Sendable {
    /// Grid indices.
    var gridExtent: Int
    /// Elements of src along the axis; outside is zero.
    var srcExtent: Int
    /// Elements of src between grid indices.
    var srcStep: Int
    /// Offset in src of each tap that takes part.
    var tapOffsets: [Int]
    /// Number, in the weights, of each tap that takes part.
    var tapIndices: [Int]
    /// The first element of dst.
    var dstStart: Int
    /// Elements of dst between grid indices.
    var dstStep: Int

    /// The one phase of a convolution's axis: every tap, every dst element.
    init(convolution axis: WindowAxis) {
        gridExtent = axis.dstExtent
        srcExtent = axis.srcExtent
        srcStep = axis.stride
        tapIndices = Array(0..<axis.kernelExtent)
        tapOffsets = tapIndices.map { $0 * axis.dilation - axis.padBegin }
        dstStart = 0
        dstStep = 1
    }

    /// Phase `phase` of a transposed convolution's axis: the dst elements `phase + g · stride`, and the taps that reach
    /// them. `axis` is the axis of the convolution that is transposed.
    init(transposed axis: WindowAxis, phase: Int) {
        gridExtent = max(0, (axis.srcExtent - phase + axis.stride - 1) / axis.stride)
        srcExtent = axis.dstExtent
        srcStep = 1
        tapIndices = (0..<axis.kernelExtent).filter { tap in
            (phase + axis.padBegin - tap * axis.dilation) % axis.stride == 0
        }
        tapOffsets = tapIndices.map { (phase + axis.padBegin - $0 * axis.dilation) / axis.stride }
        dstStart = phase
        dstStep = axis.stride
    }
}

/// A set of dst pixels for which a convolution is one matrix product `dst[oc, p] = Σₖ weights[oc, k] · src[k, p]`, `k`
/// running over channels and taps, with src gathered panel by panel.
struct GatherPhase: Sendable {
    /// The axes: rows, then columns.
    var rows: GatherAxis
    var columns: GatherAxis

    /// Taps that take part.
    var tapCount: Int { rows.tapIndices.count * columns.tapIndices.count }
}

/// Pixels gathered at a time: eight panels, so that a row of weights is read from L1 for 64 pixels.
let gatheredPixelCount = 64

/// Panels of gathered src for up to ``gatheredPixelCount`` pixels of a phase: panel `j` holds, for every channel and tap,
/// the src elements under the pixels `8j ..< 8j + 8`.
struct GatheredPanels {
    private let phase: GatherPhase
    /// Entries of a panel: channels × taps.
    let depth: Int
    /// `panelCount × depth` entries.
    private(set) var entries: [Lane8]
    /// Where each pixel reads for each tap within a src plane; negative is zero.
    private var offsets: [Int32]
    /// Whether the eight pixels of a panel lie side by side in src, by tap and panel.
    private var isContiguous: [Bool]
    /// The first dst element of each pixel within a dst plane.
    private(set) var dstOffsets: [Int]

    init(_ phase: GatherPhase, channels: Int) {
        self.phase = phase
        depth = channels * phase.tapCount
        let panels = gatheredPixelCount / 8
        entries = [Lane8](repeating: Lane8(repeating: 0), count: panels * depth)
        offsets = [Int32](repeating: -1, count: phase.tapCount * gatheredPixelCount)
        isContiguous = [Bool](repeating: false, count: phase.tapCount * panels)
        dstOffsets = [Int](repeating: 0, count: gatheredPixelCount)
    }

    /// Gathers pixels `first ..< first + count` of the phase's grid, in row-major order, from the planes `src`.
    mutating func gather(src: Span<Float>, planeLength: Int, first: Int, count: Int, dstWidth: Int) {
        locate(first: first, count: count, dstWidth: dstWidth)
        let panels = (count + 7) / 8
        let taps = phase.tapCount
        let channels = taps == 0 ? 0 : depth / taps
        for channel in 0..<channels {
            let plane = src.extracting((channel * planeLength)..<((channel + 1) * planeLength))
            for tap in 0..<taps {
                for panel in 0..<panels {
                    let base = tap * gatheredPixelCount + panel * 8
                    let entry = panel * depth + channel * taps + tap
                    if isContiguous[tap * (gatheredPixelCount / 8) + panel] {
                        let start = Int(offsets[base])
                        entries[entry] = Lane8(contiguous: plane.extracting(start..<(start + 8)))
                    } else {
                        entries[entry] = gatherLanes(plane, base: base)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func gatherLanes(_ plane: Span<Float>, base: Int) -> Lane8 {
        var lanes = Lane8(repeating: 0)
        for lane in 0..<8 {
            let offset = Int(offsets[base + lane])
            if offset >= 0 { lanes[lane] = plane[offset] }
        }
        return lanes
    }

    /// Fills ``offsets``, ``isContiguous`` and ``dstOffsets`` for the pixels from `first` on.
    private mutating func locate(first: Int, count: Int, dstWidth: Int) {
        let (rows, columns) = (phase.rows, phase.columns)
        let width = columns.gridExtent
        for pixel in 0..<gatheredPixelCount {
            guard pixel < count else {
                for tap in 0..<phase.tapCount { offsets[tap * gatheredPixelCount + pixel] = -1 }
                continue
            }
            let (y, x) = (first + pixel).quotientAndRemainder(dividingBy: width)
            dstOffsets[pixel] = (rows.dstStart + y * rows.dstStep) * dstWidth + columns.dstStart + x * columns.dstStep
            var tap = 0
            for rowOffset in rows.tapOffsets {
                let row = y * rows.srcStep + rowOffset
                let isInside = row >= 0 && row < rows.srcExtent
                for columnOffset in columns.tapOffsets {
                    let column = x * columns.srcStep + columnOffset
                    let isValid = isInside && column >= 0 && column < columns.srcExtent
                    offsets[tap * gatheredPixelCount + pixel] =
                        isValid ? Int32(truncatingIfNeeded: row * columns.srcExtent + column) : -1
                    tap += 1
                }
            }
        }
        for index in isContiguous.indices {
            // Offsets of eight pixels rise by one each exactly if they are side by side in one row or wrap seamlessly.
            let base = index * 8
            var isRising = offsets[base] >= 0
            for lane in 1..<8 { isRising = isRising && offsets[base + lane] == offsets[base] &+ Int32(lane) }
            isContiguous[index] = isRising
        }
    }
}

extension Lane8 {
    /// The eight elements of `span`.
    @inline(__always)
    init(contiguous span: Span<Float>) {
        precondition(span.count == 8)
        self.init(span[0], span[1], span[2], span[3], span[4], span[5], span[6], span[7])
    }
}
