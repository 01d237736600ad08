// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Where an element of dst lies in src, along one axis. Raw values are ONNX's names.
///
/// With `scale = dst / src`, positions in elements, 0 the centre of the first one:
public enum CoordinateTransformation: String, Sendable, Hashable, CaseIterable {
    /// `(x + ½) / scale − ½`: pixel centres.
    case halfPixel = "half_pixel"
    /// Pixel centres, with src's centre on dst's where the dst extent was rounded.
    case halfPixelSymmetric = "half_pixel_symmetric"
    /// Pixel centres, but 0 for a dst of one element.
    case pytorchHalfPixel = "pytorch_half_pixel"
    /// `x · (src − 1) / (dst − 1)`: first on first, last on last.
    case alignCorners = "align_corners"
    /// `x / scale`.
    case asymmetric = "asymmetric"
    /// `(x + ½) / scale`, and `x` where the axis keeps its extent; opset 11 only.
    case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
    /// Corners aligned on a region of interest; what lies outside src takes the extrapolation value.
    case cropAndResize = "tf_crop_and_resize"
}

/// Which neighbour a position between two elements takes. Raw values are ONNX's names, but for ``simple``.
public enum NearestRounding: String, Sendable, Hashable, CaseIterable {
    /// The nearest; of two equally near ones the lower.
    case roundPreferFloor = "round_prefer_floor"
    /// The nearest; of two equally near ones the higher.
    case roundPreferCeil = "round_prefer_ceil"
    /// The lower.
    case floor
    /// The higher.
    case ceil
    /// The lower, but the higher when making smaller: what opset 10 and Upsample mean.
    case simple
}

/// How elements between src's are made. Raw values are ONNX's names.
public enum Interpolation: String, Sendable, Hashable, CaseIterable {
    /// A copy of one neighbour.
    case nearest
    /// The two neighbours, weighted by nearness.
    case linear
    /// The four neighbours, weighted by Keys' cubic.
    case cubic
}

/// One axis of a resizing for concrete extents: for every index of dst, the src indices it sums and their weights.
///
/// `dst[x] = Σ src[sources[x · tapCount + t]] · weights[x · tapCount + t]` over the taps `t`. Scalar references and
/// kernels read the same table.
public struct ResizeAxis: Sendable, Hashable {
    /// Elements of src.
    public let srcExtent: Int
    /// Elements of dst.
    public let dstExtent: Int
    /// Terms of each sum.
    public let tapCount: Int
    /// `[dstExtent, tapCount]` indices into src, clamped to it.
    public let sources: [Int]
    /// `[dstExtent, tapCount]` weights; each row sums to 1.
    public let weights: [Double]
    /// Indices of dst that take the extrapolation value instead.
    public let outside: [Bool]

    /// Whether dst is src.
    public let isIdentity: Bool
}

extension ResizeAxis {
    /// An axis of one element that stays: what stands in for an axis that is not there.
    package static let single = ResizeAxis(
        srcExtent: 1,
        dstExtent: 1,
        tapCount: 1,
        sources: [0],
        weights: [1],
        outside: [false],
        isIdentity: true
    )
}

/// What ``ResizeAxis`` is computed from.
struct ResizeAxisProblem {
    var srcExtent: Int
    var dstExtent: Int
    /// dst over src as given or as it follows from the extents.
    var scale: Double
    /// The region of interest in src, as fractions; only for ``CoordinateTransformation/cropAndResize``.
    var region: (begin: Double, end: Double) = (0, 1)
    var transformation: CoordinateTransformation
    var interpolation: Interpolation
    var rounding: NearestRounding
    /// Keys' parameter.
    var cubicCoefficient: Double
    /// Whether taps outside src count nothing instead of repeating the border.
    var excludesOutside: Bool
    /// Whether windows widen when making smaller.
    var isAntialiased: Bool

    /// The table.
    func axis() -> ResizeAxis {
        var (sources, weights, outside) = ([Int](), [Double](), [Bool]())
        var isIdentity = srcExtent == dstExtent
        let offsets = interpolation == .nearest ? 0..<1 : window
        for x in 0..<dstExtent {
            // A scale such as 0.6 is not a binary fraction. Choosing a neighbour needs the rounding of float32, in which
            // all implementations agree that 3 / 0.6 is 5.
            let position = interpolation == .nearest ? position(x, as: Float.self) : position(x, as: Double.self)
            outside.append(transformation == .cropAndResize && !(0...Double(srcExtent - 1)).contains(position))
            guard interpolation != .nearest else {
                sources.append(nearest(position))
                weights.append(1)
                isIdentity = isIdentity && sources[x] == x && !outside[x]
                continue
            }
            // The tap below the position, and how far the position lies above it: in 0 < ratio ≤ 1. Beyond the border
            // all elements are the same.
            let near = min(max(position, -2), Double(srcExtent) + 1)
            let base = Int(near.rounded(.up)) - 1
            let row = normalized(offsets.map { weight($0, ratio: near - Double(base)) }, base: base, offsets)
            sources += offsets.map { min(max(base + $0, 0), srcExtent - 1) }
            weights += row
            let sum = zip(sources.suffix(row.count), row).reduce(0) { $0 + ($1.0 == x ? $1.1 : 0) }
            isIdentity = isIdentity && sum == 1 && !outside[x]
        }
        return ResizeAxis(
            srcExtent: srcExtent,
            dstExtent: dstExtent,
            tapCount: offsets.count,
            sources: sources,
            weights: weights,
            outside: outside,
            isIdentity: isIdentity
        )
    }

    /// The position in src of an element of dst, in the precision of `F`.
    private func position<F: FloatElement>(_ index: Int, as _: F.Type) -> Double {
        let (x, src, scale) = (F(index), F(srcExtent), F(scale))
        let dst: F = scale * src
        let centred: F = (x + 0.5) / scale - 0.5
        let position: F
        switch transformation {
        case .halfPixel: position = centred
        case .halfPixelSymmetric:
            let surplus: F = 1 - F(dstExtent) / dst
            position = src / 2 * surplus + centred
        case .pytorchHalfPixel: position = dstExtent > 1 ? centred : 0
        case .alignCorners: position = dst == 1 ? 0 : x * (src - 1) / (dst - 1)
        case .asymmetric: position = x / scale
        case .tfHalfPixelForNearest: position = scale == 1 ? x : (x + 0.5) / scale
        case .cropAndResize:
            let begin: F = F(region.begin) * (src - 1)
            let extent: F = (F(region.end) - F(region.begin)) * (src - 1)
            position = begin + (dst == 1 ? extent / 2 : x * extent / (dst - 1))
        }
        return Double(position)
    }

    /// The neighbour of a position.
    private func nearest(_ position: Double) -> Int {
        let rounded =
            switch rounding {
            case .roundPreferFloor: (position - 0.5).rounded(.up)
            case .roundPreferCeil: (position + 0.5).rounded(.down)
            case .floor: position.rounded(.down)
            case .ceil: position.rounded(.up)
            case .simple: position.rounded(scale < 1 ? .up : .down)
            }
        return clamp(rounded, to: 0...Double(srcExtent - 1))
    }

    /// `value` in `range`; its lower bound for NaN.
    private func clamp(_ value: Double, to range: ClosedRange<Double>) -> Int {
        value >= range.lowerBound ? Int(min(value, range.upperBound)) : Int(range.lowerBound)
    }

    /// What the weights of an antialiased window are stretched by: its taps are dst's, not src's, distances.
    private var shrink: Double { isAntialiased ? min(scale, 1) : 1 }

    /// The taps, relative to the one below the position.
    private var window: Range<Int> {
        let reach = interpolation == .linear ? 1.0 : 2.0
        let start = Int(max((-reach / shrink).rounded(.down), -Double(2 * srcExtent + 4))) + 1
        return start..<2 - start
    }

    /// The weight of the tap `offset` above the base.
    private func weight(_ offset: Int, ratio: Double) -> Double {
        let distance = abs((Double(offset) - ratio) * shrink)
        guard interpolation == .cubic else { return max(1 - distance, 0) }
        let a = cubicCoefficient
        if distance <= 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
        return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0
    }

    private func normalized(_ weights: [Double], base: Int, _ offsets: Range<Int>) -> [Double] {
        var weights = weights
        if excludesOutside {
            for (index, offset) in offsets.enumerated() where base + offset < 0 || base + offset >= srcExtent {
                weights[index] = 0
            }
        }
        let sum = weights.reduce(0, +)
        return excludesOutside || isAntialiased ? weights.map { $0 / sum } : weights
    }
}
