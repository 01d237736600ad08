// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Convolution of quantised operands, summed in 32 bits.
///
/// As ``Conv`` without bias on `src − srcZero` and `weights[oc] − weightsZero[oc]`; src outside its extents is its zero
/// point.
///
/// src `[N, IC, IH, IW]` and weights `[OC, IC/G, KH, KW]` (int8 or uint8 each), with one to three spatial axes; zero
/// points of their operand's type (optional): one element, or one a dst channel for weights; dst `[N, OC, OH, OW]` in
/// int32. Source: ONNX ConvInteger, opset 10.
public struct ConvInteger: Operator {
    /// `ConvInteger`.
    public static let name = "ConvInteger"

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
            weightsInput: 1,
            for: Self.name
        )
    }

    /// `[N, OC, OH, OW]` in int32.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        for index in 0...1 {
            try inputs.require(.bytes, of: index)
            if inputs[index + 2] != nil { try inputs.requireSameType(index, index + 2) }
        }
        let (src, weights) = (try inputs.required(0).shape, try inputs.required(1).shape)
        let extents = try geometry(src: src, weights: weights).dstExtents
        try inputs.requireSingle(2)
        try inputs.requireQuantization(3, of: weights, along: .outer(rank: weights.rank))
        return [TensorType(.int32, try inputs.outputShape([src[0], weights[0]] + extents))]
    }

    /// The scalar definition; sums of byte products are exact in double precision.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0] else { return }
        let reference = ConvolutionReference(
            try geometry(src: src.shape, weights: weights.shape),
            batch: src.shape[0],
            srcChannels: src.shape[1],
            dstChannels: weights.shape[0],
            group: group
        )
        reference.forEachRow(
            src: src.centered(on: inputs.operand(2), along: .inner).map(Double.init),
            weights: weights.centered(on: inputs.operand(3), along: .outer(rank: weights.shape.rank)).map(Double.init)
        ) { row, _, start in
            dst.store(row.map { Int64($0) }, at: start)
        }
    }

    /// As ``Conv``, though of integers.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        Conv(window: window, group: group).floatingPointOperations(inputs: inputs, outputs: outputs)
    }
}
