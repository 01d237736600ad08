// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation of each channel by statistics gathered in training.
///
/// `dst[n, c, …] = (src[n, c, …] − mean[c]) / √(variance[c] + ε) · scale[c] + bias[c]`
///
/// src `[N, C, …]` (float32, float16, float64; a one-dimensional src is one channel), scale, bias, mean and variance
/// `[C]` of any floating-point type, dst like src. Source: ONNX BatchNormalization, opset 15, inference. TensorRT
/// counterpart: `IScaleLayer`.
public struct BatchNormalization: Operator {
    /// `BatchNormalization`.
    public static let name = "BatchNormalization"

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
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 5...5)
        try inputs.require(.floats, of: 0)
        let src = try inputs.required(0)
        guard src.shape.rank > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src.shape, expected: "[N, C, …]")
        }
        for index in 1...4 {
            try inputs.require(.floats, of: index)
            try inputs.require(shape: [src.shape.rank > 1 ? src.shape[1] : 1], of: index)
        }
        return [src.type]
    }

    /// `dst = factor · src + shift`, channel by channel: what is left once the statistics are constants.
    public func affine(
        scale: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor
    ) -> (factors: [Double], shifts: [Double]) {
        let (scale, bias, mean, variance) = (scale.doubles(), bias.doubles(), mean.doubles(), variance.doubles())
        let factors = scale.indices.map { scale[$0] / (variance[$0] + Double(epsilon)).squareRoot() }
        return (factors, factors.indices.map { bias[$0] - mean[$0] * factors[$0] })
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let scale = inputs[1], let bias = inputs[2],
            let mean = inputs[3], let variance = inputs[4]
        else { return }
        let (factors, _) = affine(scale: scale, bias: bias, mean: mean, variance: variance)
        let (means, biases) = (mean.doubles(), bias.doubles())
        let plane = src.shape.rank > 2 ? src.shape.elementCount(in: 2..<src.shape.rank) : 1
        var values = src.doubles()
        for index in values.indices {
            let channel = index / max(plane, 1) % factors.count
            values[index] = (values[index] - means[channel]) * factors[channel] + biases[channel]
        }
        dst.store(values)
    }

    /// Two an element: the statistics of a channel are one factor and one shift.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(2, outputs.first?.shape.elementCount ?? 0)
    }
}
