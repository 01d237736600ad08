// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src < 0 ? slope·src : src`, element by element.
///
/// src: numeric, any shape; slope: the same type, a shape that broadcasts to src's; dst: src's shape.
/// Before opset 7 a slope of rank 1 held one element a channel (axis 1). Source: ONNX PRelu, opset 16.
public struct PRelu: BinaryArithmeticOperator {
    /// `PRelu`.
    public static let name = "PRelu"

    /// Whether a slope of rank 1 holds one element an index of axis 1, instead of broadcasting.
    public var isChannelwise: Bool

    /// The operator.
    public init(isChannelwise: Bool = false) { self.isChannelwise = isChannelwise }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isChannelwise = try attributes.bool("isChannelwise", for: Self.name)
    }

    /// `isChannelwise`.
    public var attributes: Attributes { ["isChannelwise": .integer(isChannelwise ? 1 : 0)] }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.requireSameType(0, 1)
        let src = try inputs.required(0)
        let slope = broadcastShape(ofSlope: try inputs.required(1).shape, src: src.shape)
        guard src.shape.broadcast(with: slope) == src.shape else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 1,
                got: slope,
                expected: "a shape that broadcasts to \(src.shape)"
            )
        }
        return [src.type]
    }

    private func broadcastShape(ofSlope slope: Shape, src: Shape) -> Shape {
        guard isChannelwise, slope.rank == 1, slope[0] > 1, src.rank > 2 else { return slope }
        return Shape([slope[0]] + [Int](repeating: 1, count: src.rank - 2))
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let slope = inputs.operand(1), let dst = outputs.operand(0) else { return }
        evaluate(src, slope.reshaped(to: broadcastShape(ofSlope: slope.shape, src: src.shape)), into: dst)
    }

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T { left < 0 ? right * left : left }
    /// The scalar function on integers; wraps.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { left < 0 ? right &* left : left }
}
