// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Transposed convolution ("deconvolution") over one to three spatial axes: every src element adds a scaled window to
/// dst.
///
/// `dst[n, oc, ih·sh − ph + kh·dh, iw·sw − pw + kw·dw] += src[n, ic, ih, iw] · weights[ic, oc′, kh, kw]` for all
/// channels `ic` of oc's group and all taps, on top of `bias[oc]`; what falls outside dst is dropped.
///
/// src `[N, IC, IH, IW]` (float32, float16, float64), weights `[IC, OC/G, KH, KW]`, bias `[OC]` (optional), dst
/// `[N, OC, OH, OW]` with `OH = sh·(IH − 1) + outputPadding + (KH − 1)·dh + 1 − pads`. Source: ONNX ConvTranspose,
/// opset 22. TensorRT counterpart: `IDeconvolutionLayer`.
public struct ConvTranspose: Operator {
    /// `ConvTranspose`.
    public static let name = "ConvTranspose"

    /// Strides, dilations and pads as in the model; ``geometry(src:weights:)`` resolves them.
    public var window: WindowParameters
    /// Groups the channels of src and dst fall into.
    public var group: Int
    /// Elements added at the end of each spatial axis of dst; empty: 0.
    public var outputPadding: [Int]
    /// The spatial extents of dst; pads follow from them. Nil: they follow from the pads.
    public var outputShape: [Int]?
    /// The window's extents as declared; nil: taken from the weights. Only checked against them.
    public var kernelShape: [Int]?

    /// A transposed convolution.
    public init(
        window: WindowParameters = WindowParameters(),
        group: Int = 1,
        outputPadding: [Int] = [],
        outputShape: [Int]? = nil,
        kernelShape: [Int]? = nil
    ) {
        self.window = window
        self.group = group
        self.outputPadding = outputPadding
        self.outputShape = outputShape
        self.kernelShape = kernelShape
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        window = try WindowParameters(attributes: attributes, for: Self.name)
        group = try attributes.integer("group", default: 1, for: Self.name)
        outputPadding = try attributes.integers("output_padding", default: [], for: Self.name)
        outputShape = try attributes.integersIfPresent("output_shape", for: Self.name)
        kernelShape = try attributes.integersIfPresent("kernel_shape", for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = window.attributes
        if group != 1 { attributes["group"] = .integer(group) }
        if !outputPadding.isEmpty { attributes["output_padding"] = .integers(outputPadding) }
        if let outputShape { attributes["output_shape"] = .integers(outputShape) }
        if let kernelShape { attributes["kernel_shape"] = .integers(kernelShape) }
        return attributes
    }

    /// The window of the convolution that this one transposes: its axes' `dstExtent` is this operator's src extent and
    /// their `srcExtent` this operator's dst extent, so that `WindowAxis/srcIndex(dst:tap:)` maps src to dst here.
    ///
    /// - Throws: when ranks, channels or extents do not fit.
    public func geometry(src: Shape, weights: Shape) throws(OperatorError) -> WindowGeometry {
        guard (3...5).contains(src.rank) else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src, expected: "rank 3 to 5: [N, C, spatial…]")
        }
        guard group >= 1, src[1] % group == 0 else {
            let expected = "a divisor of the \(src[1]) channels"
            throw .invalidAttribute(operator: Self.name, attribute: "group", got: "\(group)", expected: expected)
        }
        let kernelExtents = Array(weights.extents.dropFirst(2))
        guard weights.rank == src.rank, weights[0] == src[1],
            kernelExtents.allSatisfy({ $0 > 0 && $0 <= WindowParameters.limit })
        else {
            let expected = "rank \(src.rank), [\(src[1]), OC / \(group), …]"
            throw .shapeMismatch(operator: Self.name, input: 1, got: weights, expected: expected)
        }
        let rank = kernelExtents.count
        try check("kernel_shape", kernelShape ?? kernelExtents, kernelShape == nil || kernelShape == kernelExtents)
        try check("output_padding", outputPadding, outputPadding.isEmpty || outputPadding.count == rank)
        // Some exporters write batch and channels, too.
        let outputExtents = outputShape.map { $0.count == rank + 2 ? Array($0.dropFirst(2)) : $0 }
        try check("output_shape", outputShape ?? [], outputExtents == nil || outputExtents?.count == rank)
        return try window.transposedGeometry(
            srcExtents: Array(src.extents.dropFirst(2)),
            kernelExtents: kernelExtents,
            outputPadding: outputPadding,
            outputExtents: outputExtents,
            for: Self.name
        )
    }

    private func check(_ name: String, _ list: [Int], _ isFitting: Bool) throws(OperatorError) {
        guard isFitting, list.allSatisfy({ (0...WindowParameters.limit).contains($0) }) else {
            let expected = "one extent a spatial axis, none negative, as the weights have them"
            throw .invalidAttribute(operator: Self.name, attribute: name, got: "\(list)", expected: expected)
        }
    }

    /// `[N, OC, OH, OW]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require(.floats, of: 0)
        try inputs.requireSameType(0, 1)
        let (src, weights) = (try inputs.required(0), try inputs.required(1).shape)
        let geometry = try geometry(src: src.shape, weights: weights)
        let channels = weights[1] * group
        if inputs[2] != nil { try inputs.requireSameType(0, 2) }
        try inputs.require(shape: [channels], of: 2)
        return [TensorType(src.dataType, try inputs.outputShape([src.shape[0], channels] + geometry.srcExtents))]
    }

    /// The scalar definition, summed in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let geometry = try geometry(src: src.shape, weights: weights.shape).padded(to: 3)
        let (source, kernel) = (src.doubles(), weights.doubles())
        let bias = inputs.count > 2 ? inputs[2]?.doubles() : nil
        let (srcChannels, dstChannels) = (src.shape[1] / group, weights.shape[1])
        for n in 0..<src.shape[0] {
            for oc in 0..<dstChannels * group {
                var plane = [Double](repeating: bias?[oc] ?? 0, count: geometry.srcElementCount)
                for channel in 0..<srcChannels {
                    let ic = oc / dstChannels * srcChannels + channel
                    scatter(
                        geometry,
                        source,
                        from: (n * src.shape[1] + ic) * geometry.dstElementCount,
                        kernel,
                        from: (ic * dstChannels + oc % dstChannels) * geometry.kernelElementCount,
                        into: &plane
                    )
                }
                dst.store(plane, at: (n * dstChannels * group + oc) * plane.count)
            }
        }
    }

    /// Adds the windows of one src channel to one dst channel.
    private func scatter(
        _ geometry: WindowGeometry,
        _ src: [Double],
        from srcStart: Int,
        _ weights: [Double],
        from weightsStart: Int,
        into plane: inout [Double]
    ) {
        let (depth, height, width) = (geometry.axes[0], geometry.axes[1], geometry.axes[2])
        for id in 0..<depth.dstExtent {
            for ih in 0..<height.dstExtent {
                let srcRow = srcStart + (id * height.dstExtent + ih) * width.dstExtent
                for kd in depth.taps(at: id) {
                    for kh in height.taps(at: ih) {
                        let od = depth.srcIndex(dst: id, tap: kd)
                        let oh = height.srcIndex(dst: ih, tap: kh)
                        let dstRow = (od * height.srcExtent + oh) * width.srcExtent
                        let kernelRow = weightsStart + (kd * height.kernelExtent + kh) * width.kernelExtent
                        for kw in 0..<width.kernelExtent {
                            let weight = weights[kernelRow + kw]
                            for iw in width.windows(tap: kw) {
                                plane[dstRow + width.srcIndex(dst: iw, tap: kw)] += weight * src[srcRow + iw]
                            }
                        }
                    }
                }
            }
        }
    }

    /// Two for every src element, channel of dst's group and tap; windows that reach beyond dst count in full.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let src = inputs[0]?.shape, let weights = inputs[1]?.shape, weights.rank > 0 else {
            return 0
        }
        return saturatingProduct(2, src.elementCount, weights.elementCount(in: 1..<weights.rank))
    }
}
