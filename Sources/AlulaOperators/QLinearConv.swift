// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Convolution of quantised operands, quantised again.
///
/// `dst = saturate(round((Σ (src − srcZero) · (weights − weightsZero) + bias) · srcScale · weightsScale / dstScale) +
/// dstZero)` with the sum of ``Conv``; ties to even; src outside its extents is its zero point.
///
/// Inputs: src `[N, IC, IH, IW]`, its scale and zero point, weights `[OC, IC/G, KH, KW]`, its scale and zero point, dst's
/// scale and zero point, bias `[OC]` (int32, optional). Operands and zero points are int8 or uint8, scales float32.
/// Parameters have one element, those of weights one or one a dst channel. dst has its zero point's type. Source: ONNX
/// QLinearConv, opset 10.
public struct QLinearConv: Operator {
    /// `QLinearConv`.
    public static let name = "QLinearConv"

    /// Strides, dilations and pads as in the model; ``geometry(src:weights:)`` resolves them.
    public var window: WindowParameters
    /// Groups the channels of src and dst fall into.
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

    /// ONNX's names.
    public var attributes: Attributes {
        Conv(window: window, group: group, kernelShape: kernelShape).attributes
    }

    /// The window over a src `[N, IC, …]` with weights `[OC, IC/G, …]`, all defaults resolved.
    public func geometry(src: Shape, weights: Shape) throws(OperatorError) -> WindowGeometry {
        try Conv.geometry(
            window: window,
            group: group,
            kernelShape: kernelShape,
            src: src,
            weights: weights,
            weightsInput: 3,
            for: Self.name
        )
    }

    /// `[N, OC, OH, OW]` in the type of dst's zero point.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 8...9)
        for index in [0, 3, 7] { try inputs.require(.bytes, of: index) }
        for index in [1, 4, 6] { try inputs.require(.floats, of: index) }
        for index in [0, 3] { try inputs.requireSameType(index, index + 2) }
        let (src, weights) = (try inputs.required(0).shape, try inputs.required(3).shape)
        let extents = try geometry(src: src, weights: weights).dstExtents
        for index in [1, 2, 6, 7] { try inputs.requireSingle(index) }
        for index in [4, 5] {
            try inputs.requireQuantization(index, of: weights, along: .outer(rank: weights.rank))
        }
        if inputs[8] != nil { try inputs.require([.int32], of: 8) }
        try inputs.require(shape: [weights[0]], of: 8)
        let shape = try inputs.outputShape([src[0], weights[0]] + extents)
        return [TensorType(try inputs.required(7).dataType, shape)]
    }

    /// The scalar definition; exact sums, scaled in double precision.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let operands = inputs.prefix(8).compactMap(\.self)
        guard operands.count == 8, let dst = outputs[0] else { return }
        let (src, weights) = (operands[0], operands[3])
        let axis = QuantizedAxis.outer(rank: weights.shape.rank)
        let scale = operands[1].doubles()[0] / operands[6].doubles()[0]
        let weightsScales = operands[4].doubles()
        let zero = operands[7].wideIntegers()[0]
        let bias = inputs.operand(8)?.doubles()
        let reference = ConvolutionReference(
            try geometry(src: src.shape, weights: weights.shape),
            batch: src.shape[0],
            srcChannels: src.shape[1],
            dstChannels: weights.shape[0],
            group: group
        )
        reference.forEachRow(
            src: src.centered(on: operands[2], along: .inner).map(Double.init),
            weights: weights.centered(on: operands[5], along: axis).map(Double.init)
        ) { row, channel, start in
            let factor = scale * weightsScales[weightsScales.count > 1 ? channel : 0]
            let values = row.map { ($0 + (bias?[channel] ?? 0)) * factor }
            dst.storeQuantized(values, zeroPoints: [Int64](repeating: zero, count: row.count), at: start)
        }
    }

    /// As ``Conv``, though of integers, and two an element for scaling.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 3, let weights = inputs[3]?.shape, weights.rank > 0, let dst = outputs.first else {
            return 0
        }
        let terms = saturatingProduct(2, weights.elementCount(in: 1..<weights.rank))
        return saturatingProduct(dst.shape.elementCount, terms > Int.max - 2 ? terms : terms + 2)
    }
}
