// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The p-norm over all spatial axes of each channel.
///
/// `dst[n, c, 0, …] = (Σ |src[n, c, …]|ᵖ)^(1/p)`
///
/// src `[N, C, spatial…]` (float32, float16, float64), dst `[N, C, 1, …]`. Source: ONNX GlobalLpPool, opset 22.
public struct GlobalLpPool: Operator {
    /// `GlobalLpPool`.
    public static let name = "GlobalLpPool"

    /// The exponent, 1 or more.
    public var p: Int

    /// A pooling.
    public init(p: Int = 2) { self.p = p }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        p = try attributes.integer("p", default: 2, for: Self.name)
    }

    /// `p`.
    public var attributes: Attributes { ["p": .integer(p)] }

    /// Batch and channels of src, and 1 for every spatial axis.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        try requireNorm(p, for: Self.name)
        return [try inputs.globallyPooled()]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let source = src.doubles()
        let plane = src.shape.elementCount(in: 2..<src.shape.rank)
        var norms: [Double] = []
        for channel in 0..<dst.elementCount {
            var sum = 0.0
            for index in channel * plane..<(channel + 1) * plane {
                sum += ElementaryFunctions.pow(abs(source[index]), Double(p))
            }
            norms.append(root(sum, p))
        }
        dst.store(norms)
    }

    /// Two an element of src and one root a channel.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        2 * (inputs.first??.shape.elementCount ?? 0) + (outputs.first?.shape.elementCount ?? 0)
    }
}
