// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src`, `mask = true`: dropout at inference.
///
/// src: floating point, any shape; ratio: optional scalar, which has no effect; training: optional bool scalar, which must
/// be false unless the ratio is 0; dst: src's type; mask: bool, src's shape. Source: ONNX Dropout, opset 22.
public struct Dropout: ParameterlessOperator {
    /// `Dropout`.
    public static let name = "Dropout"

    /// The operator has no parameters.
    public init() {}

    /// The input's type, and bool in its shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...3)
        try checked.require(.floats, of: 0)
        if let training = checked[2] {
            try checked.require([.bool], of: 2)
            if let training = training.value { try refuse(training: training, ratio: checked[1]?.value) }
        }
        let src = try checked.required(0).type
        return [src, TensorType(.bool, src.shape)]
    }

    private func refuse(training: Tensor, ratio: Tensor?) throws(OperatorError) {
        guard training.doubles().first == 1, ratio?.doubles().first != 0 else { return }
        throw .invalidValue(operator: Self.name, input: 2, got: "training mode", expected: "false: inference only")
    }

    /// Copies; fills the mask.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0) else { return }
        if let training = inputs.operand(2) { try refuse(training: training, ratio: inputs.operand(1)) }
        outputs.operand(0)?.copyElements(from: src)
        guard let mask = outputs.operand(1) else { return }
        var target = mask.mutableSpan(of: Bool.self)
        for index in 0..<target.count { target[index] = true }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
