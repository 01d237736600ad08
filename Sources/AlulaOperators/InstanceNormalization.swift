// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation of every channel of every image by its own statistics.
///
/// `dst[n, c, …] = (src[n, c, …] − mean) / √(variance + ε) · scale[c] + bias[c]`, mean and variance over the spatial axes
/// of `src[n, c]`.
///
/// src `[N, C, spatial…]` (float32, float16, float64), scale and bias `[C]` of src's type, dst like src. Source: ONNX
/// InstanceNormalization, opset 22. TensorRT counterpart: `INormalizationLayer`.
public struct InstanceNormalization: Operator {
    /// `InstanceNormalization`.
    public static let name = "InstanceNormalization"

    /// Added to the variance.
    public var epsilon: Float

    /// A normalisation.
    public init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        epsilon = try attributes.float("epsilon", default: 1e-5, for: Self.name)
    }

    /// `epsilon`.
    public var attributes: Attributes { ["epsilon": .float(epsilon)] }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let src = try inputs.channelwiseSource()
        for index in 1...2 { try inputs.require(shape: [src.shape[1]], of: index) }
        return [src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let scale = inputs[1], let bias = inputs[2] else { return }
        normalizeGroups(src, into: dst, channelsPerGroup: 1, epsilon: epsilon, scale: scale, bias: bias)
    }

    /// Eight an element: sum, difference, square and its sum, normalisation, scale and bias.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(8, outputs.first?.shape.elementCount ?? 0)
    }
}

/// Normalises runs of `channelsPerGroup` channels, then applies one factor and shift a channel, or one a group where
/// scale and bias are that long.
func normalizeGroups(
    _ src: Tensor,
    into dst: Tensor,
    channelsPerGroup: Int,
    epsilon: Float,
    scale: Tensor,
    bias: Tensor
) {
    let (factors, shifts) = (scale.doubles(), bias.doubles())
    let plane = src.shape.elementCount(in: 2..<src.shape.rank)
    let channels = src.shape[1]
    let count = channelsPerGroup * plane
    guard count > 0, !factors.isEmpty else { return }
    let channelsPerFactor = channels / factors.count
    var values = src.doubles()
    for start in stride(from: 0, to: values.count, by: count) {
        let moments = Moments(values, in: start..<start + count)
        let inverse = moments.inverseDeviation(epsilon: epsilon)
        for index in start..<start + count {
            let factor = index / plane % channels / channelsPerFactor
            values[index] = (values[index] - moments.mean) * inverse * factors[factor] + shifts[factor]
        }
    }
    dst.store(values)
}

extension CheckedInputs {
    /// Input 0 as `[N, C, …]` of floats, with scale and bias, inputs 1 and 2, of its type.
    func channelwiseSource() throws(OperatorError) -> OperatorInput {
        try require(.floats, of: 0)
        for index in 1...2 { try requireSameType(0, index) }
        let src = try required(0)
        guard src.shape.rank >= 2 else {
            throw .shapeMismatch(operator: operatorName, input: 0, got: src.shape, expected: "[N, C, spatial…]")
        }
        return src
    }
}
