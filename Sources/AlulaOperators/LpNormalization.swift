// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Division by the length along one axis.
///
/// `dst = src / (Σ |src|ᵖ)^(1/p)`, the sum along ``axis``, `p` 1 or 2; a line of length 0 stays 0.
///
/// src: float32, float16 or float64, any rank above 0; dst like src. Source: ONNX LpNormalization, opset 22.
public struct LpNormalization: Operator {
    /// `LpNormalization`.
    public static let name = "LpNormalization"

    /// The axis along which lengths are taken; negative counts from the back.
    public var axis: Int
    /// 1 for the sum of magnitudes, 2 for the Euclidean length.
    public var p: Int

    /// A normalisation; what is left out takes ONNX's default.
    public init(axis: Int = -1, p: Int = 2) {
        self.axis = axis
        self.p = p
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: -1, for: Self.name)
        p = try attributes.integer("p", default: 2, for: Self.name)
    }

    /// ONNX's names: `axis`, `p`.
    public var attributes: Attributes { ["axis": .integer(axis), "p": .integer(p)] }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        guard p == 1 || p == 2 else {
            throw .invalidAttribute(operator: Self.name, attribute: "p", got: "\(p)", expected: "1 or 2")
        }
        return [try inputs.normalizedSource(axis: axis).src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let axis = src.shape.normalizedAxis(axis), dst.elementCount > 0
        else { return }
        let (extent, step) = (src.shape[axis], src.shape.elementCount(in: axis + 1..<src.shape.rank))
        var values = src.doubles()
        for outer in 0..<src.shape.elementCount(in: 0..<axis) {
            for inner in 0..<step {
                let start = outer * extent * step + inner
                let line = (0..<extent).map { start + $0 * step }
                let sum = line.reduce(0.0) { $0 + (p == 1 ? abs(values[$1]) : values[$1] * values[$1]) }
                let length = p == 1 ? sum : sum.squareRoot()
                if length != 0 { for index in line { values[index] /= length } }
            }
        }
        dst.store(values)
    }

    /// Three an element: power, sum and division.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(3, outputs.first?.shape.elementCount ?? 0)
    }
}
