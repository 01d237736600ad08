// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Convolution over one to three spatial axes.
///
/// `dst[n, oc, oh, ow] = bias[oc] + Σ src[n, ic, oh·sh − ph + kh·dh, ow·sw − pw + kw·dw] · weights[oc, ic′, kh, kw]`,
/// summed over the `IC/G` channels of oc's group and all taps `kh, kw`; src outside its extents is 0.
///
/// src `[N, IC, IH, IW]` (float32, float16, float64), weights `[OC, IC/G, KH, KW]`, bias `[OC]` (optional), dst
/// `[N, OC, OH, OW]`; with one or three spatial axes accordingly. Source: ONNX Conv, opset 22. TensorRT counterpart:
/// `IConvolutionLayer`.
public struct Conv: Operator {
    /// `Conv`.
    public static let name = "Conv"

    /// Strides, dilations and pads as in the model; ``geometry(src:weights:)`` resolves them.
    public var window: WindowParameters
    /// Groups the channels of src and dst fall into; `IC` for a depthwise convolution.
    public var group: Int
    /// The window's extents as declared; nil: taken from the weights. Only checked against them.
    public var kernelShape: [Int]?

    /// A convolution.
    public init(window: WindowParameters = WindowParameters(), group: Int = 1, kernelShape: [Int]? = nil) {
        self.window = window
        self.group = group
        self.kernelShape = kernelShape
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        window = try WindowParameters(attributes: attributes, for: Self.name)
        group = try attributes.integer("group", default: 1, for: Self.name)
        kernelShape = try attributes.integersIfPresent("kernel_shape", for: Self.name)
    }

    /// ONNX's names: `strides`, `dilations`, `pads`, `auto_pad`, `group`, `kernel_shape`.
    public var attributes: Attributes {
        var attributes = window.attributes
        if group != 1 { attributes["group"] = .integer(group) }
        if let kernelShape { attributes["kernel_shape"] = .integers(kernelShape) }
        return attributes
    }

    /// The window over a src `[N, IC, …]` with weights `[OC, IC/G, …]`, all defaults resolved.
    ///
    /// - Throws: when ranks, channels or extents do not fit.
    public func geometry(src: Shape, weights: Shape) throws(OperatorError) -> WindowGeometry {
        try Self.geometry(
            window: window,
            group: group,
            kernelShape: kernelShape,
            src: src,
            weights: weights,
            weightsInput: 1,
            for: Self.name
        )
    }

    /// The checks and window shared with the integer convolutions, whose weights are input `weightsInput`.
    static func geometry(
        window: WindowParameters,
        group: Int,
        kernelShape: [Int]?,
        src: Shape,
        weights: Shape,
        weightsInput: Int,
        for op: String
    ) throws(OperatorError) -> WindowGeometry {
        guard (3...5).contains(src.rank) else {
            throw .shapeMismatch(operator: op, input: 0, got: src, expected: "rank 3 to 5: [N, C, spatial…]")
        }
        guard group >= 1 else {
            throw .invalidAttribute(operator: op, attribute: "group", got: "\(group)", expected: "1 or more")
        }
        guard weights.rank == src.rank, src[1] % group == 0, weights[0] % group == 0, weights[1] == src[1] / group
        else {
            let expected = "rank \(src.rank), [OC, \(src[1]) / \(group), …] with OC divisible by \(group)"
            throw .shapeMismatch(operator: op, input: weightsInput, got: weights, expected: expected)
        }
        let kernelExtents = Array(weights.extents.dropFirst(2))
        guard kernelShape == nil || kernelShape == kernelExtents else {
            throw .invalidAttribute(
                operator: op,
                attribute: "kernel_shape",
                got: "\(kernelShape ?? [])",
                expected: "\(kernelExtents), the weights' extents"
            )
        }
        return try window.geometry(
            srcExtents: Array(src.extents.dropFirst(2)),
            kernelExtents: kernelExtents,
            for: op
        )
    }

    /// `[N, OC, OH, OW]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require(.floats, of: 0)
        try inputs.requireSameType(0, 1)
        let (src, weights) = (try inputs.required(0), try inputs.required(1).shape)
        let geometry = try geometry(src: src.shape, weights: weights)
        if inputs[2] != nil { try inputs.requireSameType(0, 2) }
        try inputs.require(shape: [weights[0]], of: 2)
        let shape = try inputs.outputShape([src.shape[0], weights[0]] + geometry.dstExtents)
        return [TensorType(src.dataType, shape)]
    }

    /// The scalar definition, summed in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let bias = inputs.count > 2 ? inputs[2]?.doubles() : nil
        let reference = ConvolutionReference(
            try geometry(src: src.shape, weights: weights.shape),
            batch: src.shape[0],
            srcChannels: src.shape[1],
            dstChannels: weights.shape[0],
            group: group
        )
        reference.forEachRow(src: src.doubles(), weights: weights.doubles()) { row, channel, start in
            guard let bias else { return dst.store(row, at: start) }
            dst.store(row.map { $0 + bias[channel] }, at: start)
        }
    }

    /// Two for every dst element, channel of the group and tap; taps in the padding count, the bias, with which a sum
    /// may start, does not.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let weights = inputs[1]?.shape, weights.rank > 0, let dst = outputs.first else {
            return 0
        }
        return saturatingProduct(2, dst.shape.elementCount, weights.elementCount(in: 1..<weights.rank))
    }
}
