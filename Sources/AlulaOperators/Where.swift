// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = condition ? left : right`, element by element, with broadcasting.
///
/// condition: bool; left, right: one type, any; all shapes broadcast; dst: the joint shape in left's type.
/// Source: ONNX Where, opset 16.
public struct Where: ParameterlessOperator {
    /// `Where`.
    public static let name = "Where"

    /// The operator has no parameters.
    public init() {}

    /// The joint shape in left's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        try inputs.require([.bool], of: 0)
        try inputs.requireSameType(1, 2)
        return [TensorType(try inputs.required(1).dataType, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let condition = inputs.operand(0), let left = inputs.operand(1), let right = inputs.operand(2),
            let dst = outputs.operand(0)
        else { return }
        func run<T: Element>(_: T.Type) { select(condition, left, right, dst, as: T.self) }
        dst.dataType.withElementType { type in dst.dataType == .float32 ? run(Float.self) : run(type) }
    }

    private func select<T: Element>(_ condition: Tensor, _ left: Tensor, _ right: Tensor, _ dst: Tensor, as _: T.Type) {
        let loop = BroadcastLoop([condition.shape, left.shape, right.shape], to: dst.shape)
        let run = loop.runElements
        let chosen = condition.span(of: Bool.self)
        let x = left.span(of: T.self)
        let y = right.span(of: T.self)
        var target = dst.mutableSpan(of: T.self)
        var indices = loop.makeIndices()
        let steps = loop.advances.map { $0 ? 1 : 0 }
        let (conditionStep, leftStep, rightStep) = (steps[0], steps[1], steps[2])
        for row in 0..<(run == 0 ? 0 : loop.outerShape.elementCount) {
            let (c, l, r) = indices.offsets
            for i in 0..<run {
                target[row * run + i] = chosen[c + i * conditionStep] ? x[l + i * leftStep] : y[r + i * rightStep]
            }
            indices.advance()
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
