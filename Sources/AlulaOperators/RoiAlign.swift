// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Pooling of regions of interest without rounding their corners.
///
/// Each region is divided into `OH × OW` bins; `dst[r, c, oh, ow]` is the mean, or the largest, of samples of
/// `src[image(r), c]` on a regular grid in the bin, each interpolated from its four neighbours. Samples more than one
/// element outside src are 0. As ONNX has it, the largest is taken of the neighbours' weighted terms, not of their sums.
///
/// src `[N, C, H, W]` (float32, float16, float64), regions `[R, 4]` of src's type as `x₁, y₁, x₂, y₂`, image of each
/// region `[R]` (int64), dst `[R, C, OH, OW]`. Source: ONNX RoiAlign, opset 22.
public struct RoiAlign: Operator {
    /// `RoiAlign`.
    public static let name = "RoiAlign"

    /// Bins along height.
    public var outputHeight: Int
    /// Bins along width.
    public var outputWidth: Int
    /// Samples along each axis of a bin; 0: as many as the bin has elements.
    public var samplingRatio: Int
    /// Elements of src for one unit of the regions' coordinates.
    public var spatialScale: Float
    /// Whether the largest term is taken instead of the mean.
    public var takesMaximum: Bool
    /// Whether coordinates are shifted by half an element, so that they mean pixel centres (opset 16's `half_pixel`).
    public var isHalfPixel: Bool

    /// A pooling; what is left out takes ONNX's default.
    public init(
        outputHeight: Int = 1,
        outputWidth: Int = 1,
        samplingRatio: Int = 0,
        spatialScale: Float = 1,
        takesMaximum: Bool = false,
        isHalfPixel: Bool = true
    ) {
        self.outputHeight = outputHeight
        self.outputWidth = outputWidth
        self.samplingRatio = samplingRatio
        self.spatialScale = spatialScale
        self.takesMaximum = takesMaximum
        self.isHalfPixel = isHalfPixel
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        outputHeight = try attributes.integer("output_height", default: 1, for: Self.name)
        outputWidth = try attributes.integer("output_width", default: 1, for: Self.name)
        samplingRatio = try attributes.integer("sampling_ratio", default: 0, for: Self.name)
        spatialScale = try attributes.float("spatial_scale", default: 1, for: Self.name)
        takesMaximum = try attributes.bool("takesMaximum", default: false, for: Self.name)
        isHalfPixel = try attributes.bool("isHalfPixel", default: true, for: Self.name)
    }

    /// ONNX's names, and `takesMaximum`, `isHalfPixel`.
    public var attributes: Attributes {
        [
            "output_height": .integer(outputHeight), "output_width": .integer(outputWidth),
            "sampling_ratio": .integer(samplingRatio), "spatial_scale": .float(spatialScale),
            "takesMaximum": .integer(takesMaximum ? 1 : 0), "isHalfPixel": .integer(isHalfPixel ? 1 : 0),
        ]
    }

    /// The most samples along one axis of a bin.
    private static let sampleLimit = 1 << 12

    /// `[R, C, OH, OW]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        try inputs.require(.floats, of: 0)
        try inputs.requireSameType(0, 1)
        try inputs.require([.int64], of: 2)
        try inputs.require(rank: 4...4, of: 0)
        let (src, regions) = (try inputs.required(0), try inputs.required(1).shape)
        guard regions.rank == 2, regions[1] == 4 else {
            throw .shapeMismatch(operator: Self.name, input: 1, got: regions, expected: "[R, 4]")
        }
        try inputs.require(shape: [regions[0]], of: 2)
        for (name, value, range) in [
            ("output_height", outputHeight, 1...1 << 30), ("output_width", outputWidth, 1...1 << 30),
            ("sampling_ratio", samplingRatio, 0...Self.sampleLimit),
        ] where !range.contains(value) {
            throw .invalidAttribute(operator: Self.name, attribute: name, got: "\(value)", expected: "\(range)")
        }
        let shape = try inputs.outputShape([regions[0], src.shape[1], outputHeight, outputWidth])
        guard shape.elementCount == 0 || src.shape.elementCount > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src.shape, expected: "elements to sample")
        }
        return [TensorType(src.dataType, shape)]
    }

    /// One sample: the four neighbours' positions in a channel, and their weights.
    private typealias Sample = [(position: Int, weight: Double)]

    /// The scalar definition, summed in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let regions = inputs[1], let images = inputs[2]?.integers(), let dst = outputs[0]
        else { return }
        let (source, corners) = (src.doubles(), regions.doubles())
        let plane = src.shape[2] * src.shape[3]
        let channels = src.shape[1]
        var values: [Double] = []
        for (region, image) in images.enumerated() {
            guard (0..<src.shape[0]).contains(image) else {
                let expected = "an image of 0..<\(src.shape[0])"
                throw .invalidValue(operator: Self.name, input: 2, got: "\(image)", expected: expected)
            }
            let bins = try bins(Array(corners[region * 4..<region * 4 + 4]), src.shape)
            for c in 0..<channels {
                let start = (image * channels + c) * plane
                for samples in bins { values.append(pooled(samples, source, start)) }
            }
        }
        dst.store(values)
    }

    private func pooled(_ samples: [Sample], _ source: [Double], _ start: Int) -> Double {
        let terms = samples.joined().lazy.map { $0.weight * source[start + $0.position] }
        guard takesMaximum else { return terms.reduce(0, +) / Double(max(samples.count, 1)) }
        return terms.max() ?? 0
    }

    /// The samples of every bin of one region, rows first.
    private func bins(_ corners: [Double], _ src: Shape) throws(OperatorError) -> [[Sample]] {
        let scaled = corners.map { $0 * Double(spatialScale) - (isHalfPixel ? 0.5 : 0) }
        // Without the shift, degenerate regions count as one element.
        let least = isHalfPixel ? -Double.infinity : 1
        let columns = try lineSamples(scaled[0], max(scaled[2] - scaled[0], least), outputWidth)
        let rows = try lineSamples(scaled[1], max(scaled[3] - scaled[1], least), outputHeight)
        return rows.flatMap { ys in
            columns.map { xs in ys.flatMap { y in xs.map { x in sample(y, x, src[2], src[3]) } } }
        }
    }

    /// The coordinates of the samples along one axis, for every bin.
    private func lineSamples(_ start: Double, _ extent: Double, _ binCount: Int) throws(OperatorError) -> [[Double]] {
        let bin = extent / Double(binCount)
        guard start.isFinite, bin.isFinite, bin <= Double(Self.sampleLimit) || samplingRatio > 0 else {
            let expected = "finite corners, and bins of \(Self.sampleLimit) elements at most"
            throw .invalidValue(operator: Self.name, input: 1, got: "\(start) + \(extent)", expected: expected)
        }
        let count = samplingRatio > 0 ? samplingRatio : max(Int(max(bin, 0).rounded(.up)), 0)
        return (0..<binCount).map { index in
            (0..<count).map { start + Double(index) * bin + (Double($0) + 0.5) * bin / Double(count) }
        }
    }

    private func sample(_ y: Double, _ x: Double, _ height: Int, _ width: Int) -> Sample {
        guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else { return [(0, 0)] }
        let rows = neighbours(y, height)
        let columns = neighbours(x, width)
        return rows.flatMap { row in columns.map { (row.position * width + $0.position, row.weight * $0.weight) } }
    }

    private func neighbours(_ given: Double, _ extent: Int) -> Sample {
        let coordinate = max(given, 0)
        let low = Int(coordinate)
        guard low < extent - 1 else { return [(extent - 1, 1), (extent - 1, 0)] }
        let ratio = coordinate - Double(low)
        return [(low, 1 - ratio), (low + 1, ratio)]
    }

    /// Eight for every sample of every bin; with adaptive sampling, as if each bin had four.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let ratio = samplingRatio > 0 ? samplingRatio : 2
        return saturatingProduct(8, ratio, ratio, outputs.first?.shape.elementCount ?? 0)
    }
}
