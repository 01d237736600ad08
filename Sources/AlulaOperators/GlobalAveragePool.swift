// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The mean over all spatial axes of each channel.
///
/// `dst[n, c, 0, …] = (Σ src[n, c, …]) / (product of the spatial extents)`
///
/// src `[N, C, spatial…]` (float32, float16, float64), dst `[N, C, 1, …]`. Source: ONNX GlobalAveragePool, opset 22. TensorRT counterpart:
/// `IReduceLayer`.
public struct GlobalAveragePool: Operator {
    /// `GlobalAveragePool`.
    public static let name = "GlobalAveragePool"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// Batch and channels of src, and 1 for every spatial axis.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        return [try inputs.globallyPooled()]
    }

    /// The scalar definition, summed in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let source = src.doubles()
        let plane = src.shape.elementCount(in: 2..<src.shape.rank)
        dst.store(
            (0..<dst.elementCount).map { channel in
                var sum = 0.0
                for index in channel * plane..<(channel + 1) * plane { sum += source[index] }
                return sum / Double(plane)
            }
        )
    }

    /// One an element of src and one division a channel.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        (inputs.first??.shape.elementCount ?? 0) + (outputs.first?.shape.elementCount ?? 0)
    }
}

extension CheckedInputs {
    /// The type of input 0, `[N, C, spatial…]`, with every spatial extent 1.
    func globallyPooled() throws(OperatorError) -> TensorType {
        let src = try required(0)
        guard src.shape.rank >= 2 else {
            throw .shapeMismatch(operator: operatorName, input: 0, got: src.shape, expected: "[N, C, spatial…]")
        }
        let ones = [Int](repeating: 1, count: src.shape.rank - 2)
        return TensorType(src.dataType, try outputShape(Array(src.shape.extents.prefix(2)) + ones))
    }
}
