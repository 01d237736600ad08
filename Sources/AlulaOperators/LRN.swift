// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Local response normalisation: division by the energy of neighbouring channels.
///
/// `dst[n, c, …] = src[n, c, …] / (bias + α / size · Σ src[n, i, …]²)^β`, the sum over the channels
/// `c − ⌊(size − 1) / 2⌋ … c + ⌈(size − 1) / 2⌉` that exist.
///
/// src `[N, C, …]` (float32, float16, float64), dst like src. Source: ONNX LRN, opset 13. TensorRT counterpart:
/// `ILRNLayer`.
public struct LRN: Operator {
    /// `LRN`.
    public static let name = "LRN"

    /// The number of channels summed over.
    public var size: Int
    /// Factor of the sum.
    public var alpha: Float
    /// Exponent of the divisor.
    public var beta: Float
    /// What the sum is added to.
    public var bias: Float

    /// A normalisation; what is left out takes ONNX's default.
    public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.bias = bias
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        size = try attributes.integer("size", for: Self.name)
        alpha = try attributes.float("alpha", default: 1e-4, for: Self.name)
        beta = try attributes.float("beta", default: 0.75, for: Self.name)
        bias = try attributes.float("bias", default: 1, for: Self.name)
    }

    /// ONNX's names: `size`, `alpha`, `beta`, `bias`.
    public var attributes: Attributes {
        ["size": .integer(size), "alpha": .float(alpha), "beta": .float(beta), "bias": .float(bias)]
    }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        let src = try inputs.required(0)
        guard src.shape.rank >= 2 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src.shape, expected: "[N, C, …]")
        }
        guard size >= 1 else {
            throw .invalidAttribute(operator: Self.name, attribute: "size", got: "\(size)", expected: "1 or more")
        }
        return [src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let (channels, plane) = (src.shape[1], src.shape.elementCount(in: 2..<src.shape.rank))
        let source = src.doubles()
        var values = source
        for index in values.indices {
            let channel = index / plane % channels
            var sum = 0.0
            for other in max(channel - (size - 1) / 2, 0)...min(channel + size / 2, channels - 1) {
                let neighbour = source[index + (other - channel) * plane]
                sum += neighbour * neighbour
            }
            let divisor = Double(bias) + Double(alpha) / Double(size) * sum
            values[index] /= ElementaryFunctions.pow(divisor, Double(beta))
        }
        dst.store(values)
    }

    /// Two for every summed channel, and four an element: factor, sum, power and division.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(min(size, 1 << 30) * 2 + 4, outputs.first?.shape.elementCount ?? 0)
    }
}
