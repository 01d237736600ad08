// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = max(src, 0)`, element by element.
///
/// src: any numeric type, any shape; dst: the same. Source: ONNX Relu, opset 14.
public struct Relu: ElementwiseOperator {
    /// `Relu`.
    public static let name = "Relu"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator; ignores nothing, since it has no parameters.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// `max(x, 0)`; NaN stays NaN.
    public func apply(_ x: Float) -> Float { x < 0 ? 0 : x }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.numeric, of: 0)
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let type = src.dataType.numericElementType else { return }
        func run<T: NumericElement>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: T.self)
            for index in 0..<source.count { target[index] = source[index] < 0 ? 0 : source[index] }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }
}
