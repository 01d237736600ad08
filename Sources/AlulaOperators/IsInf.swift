// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src is infinite`, element by element.
///
/// src: floating point, any shape; dst: bool, the same shape. Source: ONNX IsInf, opset 20.
public struct IsInf: Operator {
    /// `IsInf`.
    public static let name = "IsInf"

    /// Whether -∞ counts.
    public var detectsNegative: Bool
    /// Whether +∞ counts.
    public var detectsPositive: Bool

    /// Both infinities unless told otherwise.
    public init(detectsNegative: Bool = true, detectsPositive: Bool = true) {
        self.detectsNegative = detectsNegative
        self.detectsPositive = detectsPositive
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        detectsNegative = try attributes.bool("detectsNegative", for: Self.name)
        detectsPositive = try attributes.bool("detectsPositive", for: Self.name)
    }

    /// `detectsNegative`, `detectsPositive`.
    public var attributes: Attributes {
        ["detectsNegative": .integer(detectsNegative ? 1 : 0), "detectsPositive": .integer(detectsPositive ? 1 : 0)]
    }

    /// Bool in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        return [TensorType(.bool, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0), let type = src.dataType.floatElementType
        else { return }
        func run<T: FloatElement>(_: T.Type) {
            mapElements(src, into: dst) { (x: T) in
                x.isInfinite && (x < 0 ? detectsNegative : detectsPositive)
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }
}
