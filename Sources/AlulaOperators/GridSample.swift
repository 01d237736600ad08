// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Sampling of src at positions given by a grid.
///
/// `dst[n, c, o…] = Σ src[n, c, i…] · w(i…)`, the neighbours of position `grid[n, o…]` weighted by ``interpolation``.
/// Positions are innermost axis first, −1 and 1 the two ends of src: the outer edges of its border elements, or their
/// centres if ``alignsCorners``.
///
/// src `[N, C, spatial…]` (float32, float16, float64) with one to three spatial axes, grid `[N, out…, axes]` of a
/// floating-point type, dst `[N, C, out…]`. Source: ONNX GridSample, opset 22. TensorRT counterpart: `IGridSampleLayer`.
public struct GridSample: Operator {
    /// `GridSample`.
    public static let name = "GridSample"

    /// What lies outside src. Raw values are ONNX's names.
    public enum Padding: String, Sendable, Hashable, CaseIterable {
        /// Zeros.
        case zeros
        /// The nearest border element.
        case border
        /// src mirrored at its ends.
        case reflection
    }

    /// How neighbours are weighted.
    public var interpolation: Interpolation
    /// What lies outside src.
    public var padding: Padding
    /// Whether −1 and 1 are the centres of the border elements.
    public var alignsCorners: Bool

    /// A sampling; what is left out takes ONNX's default.
    public init(interpolation: Interpolation = .linear, padding: Padding = .zeros, alignsCorners: Bool = false) {
        self.interpolation = interpolation
        self.padding = padding
        self.alignsCorners = alignsCorners
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        interpolation = try attributes.choice("mode", default: .linear, for: Self.name)
        padding = try attributes.choice("padding_mode", default: .zeros, for: Self.name)
        alignsCorners = try attributes.bool("align_corners", default: false, for: Self.name)
    }

    /// ONNX's names: `mode`, `padding_mode`, `align_corners`.
    public var attributes: Attributes {
        [
            "mode": .string(interpolation.rawValue), "padding_mode": .string(padding.rawValue),
            "align_corners": .integer(alignsCorners ? 1 : 0),
        ]
    }

    /// Batch and channels of src, and the grid's extents.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.floats, of: 0)
        try inputs.require(.floats, of: 1)
        try inputs.require(rank: 3...5, of: 0)
        let (src, grid) = (try inputs.required(0), try inputs.required(1).shape)
        guard grid.rank == src.shape.rank, grid[0] == src.shape[0], grid[grid.rank - 1] == grid.rank - 2 else {
            let expected = "[\(src.shape[0]), out…, \(src.shape.rank - 2)] of rank \(src.shape.rank)"
            throw .shapeMismatch(operator: Self.name, input: 1, got: grid, expected: expected)
        }
        let shape = try inputs.outputShape([src.shape[0], src.shape[1]] + grid.extents[1..<grid.rank - 1])
        guard shape.elementCount == 0 || src.shape.elementCount > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src.shape, expected: "elements to sample")
        }
        return [TensorType(src.dataType, shape)]
    }

    /// The scalar definition, summed in double precision and rounded once; positions in the grid's precision.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let grid = inputs[1], let dst = outputs[0], dst.elementCount > 0 else { return }
        let source = src.doubles()
        let positions = grid.dataType == .float64 ? positions(grid, src, Double.self) : positions(grid, src, Float.self)
        let extents = Array(src.shape.extents.dropFirst(2))
        let (plane, rank) = (extents.reduce(1, *), extents.count)
        let pointCount = dst.shape.elementCount(in: 2..<dst.shape.rank)
        var values = [Double](repeating: 0, count: dst.elementCount)
        for n in 0..<src.shape[0] {
            for point in 0..<pointCount {
                let start = (n * pointCount + point) * rank
                let taps = taps(Array(positions[start..<start + rank]), extents)
                for c in 0..<src.shape[1] {
                    let channel = n * src.shape[1] + c
                    var sum = 0.0
                    for (index, weight) in taps { sum += weight * source[channel * plane + index] }
                    values[channel * pointCount + point] = sum
                }
            }
        }
        dst.store(values)
    }

    /// All positions in src's elements, outermost axis first: `[N, out…, axes]`.
    private func positions<F: FloatElement>(_ grid: Tensor, _ src: Tensor, _: F.Type) -> [Double] {
        let rank = src.shape.rank - 2
        let values = grid.doubles().map { F($0) }
        return values.indices.map { index in
            let axis = rank - 1 - index % rank
            let normalized = values[index / rank * rank + axis]
            let extent = F(src.shape[2 + index % rank])
            let position =
                alignsCorners
                ? (normalized + 1) / 2 * (extent - 1) : ((normalized + 1) * extent - 1) / 2
            return Double(position)
        }
    }

    /// The elements of one channel that a position sums, with their weights.
    private func taps(_ position: [Double], _ extents: [Int]) -> [(index: Int, weight: Double)] {
        var taps: [(index: Int, weight: Double)] = [(0, 1)]
        for (axis, extent) in extents.enumerated() {
            let line = lineTaps(position[axis], extent)
            taps = taps.flatMap { tap in line.map { (tap.index * extent + $0.index, tap.weight * $0.weight) } }
        }
        return taps
    }

    /// The elements along one axis; those in a padding of zeros are left out.
    private func lineTaps(_ given: Double, _ extent: Int) -> [(index: Int, weight: Double)] {
        let (low, high) = alignsCorners ? (0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
        // What is not a number, or far away, is outside.
        var position = given.isNaN ? -0x1p30 : max(-0x1p30, min(0x1p30, given))
        if interpolation == .nearest { position.round(.toNearestOrEven) }
        if padding == .reflection { position = reflected(position, low, high) }
        let base = position.rounded(.down)
        let ratio = position - base
        let weights: [Double] =
            switch interpolation {
            case .nearest: [1]
            case .linear: [1 - ratio, ratio]
            case .cubic: (-1...2).map { cubic(abs(Double($0) - ratio)) }
            }
        let first = Int(base) - (interpolation == .cubic ? 1 : 0)
        return weights.enumerated().compactMap { tap, weight in
            let index = first + tap
            switch padding {
            case .zeros: return (0..<extent).contains(index) ? (index, weight) : nil
            case .border: return (max(0, min(extent - 1, index)), weight)
            case .reflection:
                // Toward zero: −½ and the like stand for the border element.
                return (max(0, min(extent - 1, Int(reflected(Double(index), low, high)))), weight)
            }
        }
    }

    /// `position` mirrored at both ends until it lies between them.
    private func reflected(_ position: Double, _ low: Double, _ high: Double) -> Double {
        let range = high - low
        guard range > 0 else { return low }
        guard position < low || position > high else { return position }
        let isBelow = position < low
        let distance = isBelow ? low - position : position - high
        let turns = (distance / range).rounded(.towardZero)
        let rest = distance - turns * range
        let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
        return isEven == isBelow ? low + rest : high - rest
    }

    /// Keys' cubic with parameter −¾.
    private func cubic(_ distance: Double) -> Double {
        let a = -0.75
        if distance <= 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
        return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    }

    /// Two for every neighbour of every element; none for nearest.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard interpolation != .nearest, let dst = outputs.first?.shape, dst.rank > 2 else { return 0 }
        let taps = (2..<dst.rank).reduce(1) { product, _ in product * (interpolation == .linear ? 2 : 4) }
        return saturatingProduct(2 * taps, dst.elementCount)
    }
}
