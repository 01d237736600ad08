// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = saturate(round(src / scale) + zeroPoint)` with scale and zero point that make the range of src fit 8 bits.
///
/// `scale = (max(src, 0) - min(src, 0)) / 255`, `zeroPoint = saturate(round(-min(src, 0) / scale))`.
/// src: float32, any shape; dst: uint8, the same shape; scale: float32 scalar; zeroPoint: uint8 scalar.
/// Source: ONNX DynamicQuantizeLinear, opset 11.
public struct DynamicQuantizeLinear: ParameterlessOperator {
    /// `DynamicQuantizeLinear`.
    public static let name = "DynamicQuantizeLinear"

    /// The operator has no parameters.
    public init() {}

    /// The quantised tensor, its scale and its zero point.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require([.float32], of: 0)
        let shape = try inputs.required(0).shape
        return [TensorType(.uint8, shape), TensorType(.float32, .scalar), TensorType(.uint8, .scalar)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0) else { return }
        let source = src.span(of: Float.self)
        var smallest: Float = 0
        var largest: Float = 0
        for index in 0..<source.count {
            smallest = min(smallest, source[index])
            largest = max(largest, source[index])
        }
        let scale = (largest - smallest) / 255
        let zeroPoint: UInt8 = quantized(-smallest, scale: scale, zeroPoint: 0)
        if let dst = outputs.operand(0) {
            mapElements(src, into: dst) { (x: Float) -> UInt8 in
                quantized(x, scale: scale, zeroPoint: Int32(zeroPoint))
            }
        }
        outputs.operand(1)?.copyElements(from: Tensor(scalar: scale))
        outputs.operand(2)?.copyElements(from: Tensor(scalar: zeroPoint))
    }

    /// Two comparisons, division, rounding, addition and saturation of every element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        6 * (outputs.first?.shape.elementCount ?? 0)
    }
}
