// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The largest element of each channel.
///
/// `dst[n, c, 0, …] = max src[n, c, …]`
///
/// src `[N, C, spatial…]` (any numeric type), dst `[N, C, 1, …]`. Source: ONNX GlobalMaxPool, opset 22. TensorRT counterpart:
/// `IReduceLayer`.
public struct GlobalMaxPool: Operator {
    /// `GlobalMaxPool`.
    public static let name = "GlobalMaxPool"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// Batch and channels of src, and 1 for every spatial axis.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.numeric, of: 0)
        return [try inputs.globallyPooled()]
    }

    /// The scalar definition; NaN is never chosen, as in ``MaxPool``.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let type = src.dataType.numericElementType else { return }
        let plane = src.shape.elementCount(in: 2..<src.shape.rank)
        func run<T: NumericElement>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: T.self)
            let lowest = T.lowestElement
            for channel in 0..<target.count {
                var best = lowest
                for index in channel * plane..<(channel + 1) * plane where source[index] > best {
                    best = source[index]
                }
                target[channel] = best
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    /// One comparison an element of src.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        inputs.first??.shape.elementCount ?? 0
    }
}
