// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Convolution whose taps are moved by offsets and weighted by a mask.
///
/// As ``Conv`` over two spatial axes, but tap `(kh, kw)` of window `(oh, ow)` reads src at
/// `(oh·sh − ph + kh·dh + Δh, ow·sw − pw + kw·dw + Δw)`, interpolated from the four neighbours, zeros outside, times its
/// mask.
///
/// src `[N, IC, IH, IW]`, weights `[OC, IC/G, KH, KW]`, offsets `[N, F·KH·KW·2, OH, OW]` (Δh, then Δw), bias `[OC]`
/// (optional), mask `[N, F·KH·KW, OH, OW]` (optional), all of one float type; dst `[N, OC, OH, OW]`. `F` groups of src
/// channels have offsets of their own. Source: ONNX DeformConv, opset 22.
public struct DeformConv: Operator {
    /// `DeformConv`.
    public static let name = "DeformConv"

    /// Strides, dilations and pads as in the model.
    public var window: WindowParameters
    /// Groups the channels of src and dst fall into.
    public var group: Int
    /// Groups of src channels with offsets of their own, `F`.
    public var offsetGroup: Int
    /// The window's extents as declared; nil: taken from the weights. Only checked against them.
    public var kernelShape: [Int]?

    /// A convolution.
    public init(
        window: WindowParameters = WindowParameters(),
        group: Int = 1,
        offsetGroup: Int = 1,
        kernelShape: [Int]? = nil
    ) {
        self.window = window
        self.group = group
        self.offsetGroup = offsetGroup
        self.kernelShape = kernelShape
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        window = try WindowParameters(attributes: attributes, for: Self.name)
        group = try attributes.integer("group", default: 1, for: Self.name)
        offsetGroup = try attributes.integer("offset_group", default: 1, for: Self.name)
        kernelShape = try attributes.integersIfPresent("kernel_shape", for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = Conv(window: window, group: group, kernelShape: kernelShape).attributes
        attributes["offset_group"] = .integer(offsetGroup)
        return attributes
    }

    private func geometry(src: Shape, weights: Shape) throws(OperatorError) -> WindowGeometry {
        try Conv.geometry(
            window: window,
            group: group,
            kernelShape: kernelShape,
            src: src,
            weights: weights,
            weightsInput: 1,
            for: Self.name
        )
    }

    /// `[N, OC, OH, OW]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...5)
        try inputs.require(.floats, of: 0)
        try inputs.require(rank: 4...4, of: 0)
        for index in 1...4 where inputs[index] != nil { try inputs.requireSameType(0, index) }
        let (src, weights) = (try inputs.required(0), try inputs.required(1).shape)
        let geometry = try geometry(src: src.shape, weights: weights)
        guard offsetGroup >= 1, src.shape[1] % offsetGroup == 0 else {
            let expected = "a divisor of the \(src.shape[1]) channels"
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "offset_group",
                got: "\(offsetGroup)",
                expected: expected
            )
        }
        let taps = saturatingProduct(offsetGroup, geometry.kernelElementCount)
        guard taps < 1 << 40 else {
            throw .shapeMismatch(operator: Self.name, input: 1, got: weights, expected: "less")
        }
        try inputs.require(shape: Shape([src.shape[0], 2 * taps] + geometry.dstExtents), of: 2)
        try inputs.require(shape: [weights[0]], of: 3)
        try inputs.require(shape: Shape([src.shape[0], taps] + geometry.dstExtents), of: 4)
        return [TensorType(src.dataType, try inputs.outputShape([src.shape[0], weights[0]] + geometry.dstExtents))]
    }

    /// The scalar definition, summed in double precision and rounded once: src is sampled once a window and tap, which
    /// leaves a matrix product.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let offsets = inputs[2]?.doubles(), let dst = outputs[0]
        else { return }
        let geometry = try geometry(src: src.shape, weights: weights.shape)
        let (source, kernel) = (src.doubles(), weights.doubles())
        let bias = inputs.operand(3)?.doubles()
        let mask = inputs.operand(4)?.doubles()
        let (windows, taps) = (geometry.dstElementCount, geometry.kernelElementCount)
        let (srcChannels, dstChannels) = (src.shape[1], weights.shape[0])
        let groupChannels = srcChannels / group
        for n in 0..<src.shape[0] {
            // [IC, taps, windows]
            var columns = [Double](repeating: 0, count: srcChannels * taps * windows)
            for channel in 0..<srcChannels {
                let first = (n * offsetGroup + channel / (srcChannels / offsetGroup)) * taps
                let plane = (n * srcChannels + channel) * geometry.srcElementCount
                for index in 0..<taps * windows {
                    let (tap, window) = index.quotientAndRemainder(dividingBy: windows)
                    let at = position(tap, window, geometry)
                    let y = at.y + offsets[((first + tap) * 2) * windows + window]
                    let x = at.x + offsets[((first + tap) * 2 + 1) * windows + window]
                    let sampled = sample(source, plane, y, x, geometry)
                    columns[channel * taps * windows + index] = sampled * (mask?[first * windows + index] ?? 1)
                }
            }
            for oc in 0..<dstChannels {
                var plane = [Double](repeating: bias?[oc] ?? 0, count: windows)
                let firstRow = oc / (dstChannels / group) * groupChannels * taps
                for row in 0..<groupChannels * taps {
                    let weight = kernel[oc * groupChannels * taps + row]
                    for window in 0..<windows { plane[window] += weight * columns[(firstRow + row) * windows + window] }
                }
                dst.store(plane, at: (n * dstChannels + oc) * windows)
            }
        }
    }

    /// Where an unmoved tap of a window lies in src.
    private func position(_ tap: Int, _ window: Int, _ geometry: WindowGeometry) -> (y: Double, x: Double) {
        let (height, width) = (geometry.axes[0], geometry.axes[1])
        let y = height.srcIndex(dst: window / width.dstExtent, tap: tap / width.kernelExtent)
        let x = width.srcIndex(dst: window % width.dstExtent, tap: tap % width.kernelExtent)
        return (Double(y), Double(x))
    }

    /// src at a position between elements; zeros outside.
    private func sample(_ src: [Double], _ plane: Int, _ y: Double, _ x: Double, _ geometry: WindowGeometry) -> Double {
        let (rows, columns) = (geometry.axes[0].srcExtent, geometry.axes[1].srcExtent)
        guard y > -1, y < Double(rows), x > -1, x < Double(columns) else { return 0 }
        let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
        var sum = 0.0
        for row in top...top + 1 where row >= 0 && row < rows {
            for column in left...left + 1 where column >= 0 && column < columns {
                let weight = (1 - abs(y - Double(row))) * (1 - abs(x - Double(column)))
                sum += weight * src[plane + row * columns + column]
            }
        }
        return sum
    }

    /// As ``Conv``, and ten for every sample of a channel, tap and window.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let src = inputs[0]?.shape, let weights = inputs[1]?.shape,
            let dst = outputs.first?.shape,
            src.rank == 4, weights.rank == 4, dst.rank == 4
        else { return 0 }
        let samples = saturatingProduct(10, src.elementCount(in: 0..<2), dst[2], dst[3], weights[2], weights[3])
        let products = Conv(window: window, group: group).floatingPointOperations(inputs: inputs, outputs: outputs)
        return samples > Int.max - products ? .max : samples + products
    }
}
