// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation of groups of channels of every image by their own statistics.
///
/// `dst[n, c, …] = (src[n, c, …] − mean) / √(variance + ε) · scale[c] + bias[c]`, mean and variance over the channels of
/// c's group and all spatial axes of image n.
///
/// src `[N, C, spatial…]` (float32, float16, float64), scale and bias `[C]`, or `[G]` if ``isScaledPerGroup``, of src's
/// type, dst like src. Source: ONNX GroupNormalization, opset 18 (per group) and 21 (per channel). TensorRT counterpart:
/// `INormalizationLayer`.
public struct GroupNormalization: Operator {
    /// `GroupNormalization`.
    public static let name = "GroupNormalization"

    /// The number of groups; divides the channels.
    public var groupCount: Int
    /// Added to the variance.
    public var epsilon: Float
    /// Whether scale and bias have one element a group, as in opset 18, instead of one a channel.
    public var isScaledPerGroup: Bool

    /// A normalisation.
    public init(groupCount: Int, epsilon: Float = 1e-5, isScaledPerGroup: Bool = false) {
        self.groupCount = groupCount
        self.epsilon = epsilon
        self.isScaledPerGroup = isScaledPerGroup
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        groupCount = try attributes.integer("num_groups", for: Self.name)
        epsilon = try attributes.float("epsilon", default: 1e-5, for: Self.name)
        isScaledPerGroup = try attributes.bool("isScaledPerGroup", default: false, for: Self.name)
    }

    /// `num_groups`, `epsilon`, `isScaledPerGroup`.
    public var attributes: Attributes {
        [
            "num_groups": .integer(groupCount), "epsilon": .float(epsilon),
            "isScaledPerGroup": .integer(isScaledPerGroup ? 1 : 0),
        ]
    }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let src = try inputs.channelwiseSource()
        guard groupCount >= 1, src.shape[1] % groupCount == 0 else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "num_groups",
                got: "\(groupCount)",
                expected: "a divisor of the \(src.shape[1]) channels"
            )
        }
        for index in 1...2 { try inputs.require(shape: [isScaledPerGroup ? groupCount : src.shape[1]], of: index) }
        return [src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let scale = inputs[1], let bias = inputs[2] else { return }
        let channels = src.shape[1] / groupCount
        normalizeGroups(src, into: dst, channelsPerGroup: channels, epsilon: epsilon, scale: scale, bias: bias)
    }

    /// Eight an element: sum, difference, square and its sum, normalisation, scale and bias.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(8, outputs.first?.shape.elementCount ?? 0)
    }
}
