// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left == right`, element by element, with broadcasting.
///
/// left, right: tensors of one type, bool included, whose shapes broadcast; dst: bool, the joint shape. NaN equals
/// nothing. Source: ONNX Equal, opset 19, without strings.
public struct Equal: ComparisonOperator {
    /// `Equal`.
    public static let name = "Equal"

    /// The operator has no parameters.
    public init() {}

    /// The scalar comparison.
    public func compare<T: NumericElement>(_ left: T, _ right: T) -> Bool { left == right }

    /// Bool in the joint shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.requireSameType(0, 1)
        return [TensorType(.bool, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let left = inputs.operand(0), let right = inputs.operand(1), let dst = outputs.operand(0) else { return }
        func run<T: Element>(_: T.Type) {
            broadcastMap(left, right, into: dst) { (x: T, y: T) in x == y }
        }
        left.dataType.withElementType { type in left.dataType == .int64 ? run(Int64.self) : run(type) }
    }
}
