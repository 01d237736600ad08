// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation over the last axes by the root of the mean square.
///
/// `dst = src / √(E[src²] + ε) · scale`, the mean over the axes from ``axis`` on.
///
/// src: float32, float16 or float64, any rank above 0; scale broadcasts to src; dst like src. Source: ONNX
/// RMSNormalization, opset 23.
public struct RMSNormalization: Operator {
    /// `RMSNormalization`.
    public static let name = "RMSNormalization"

    /// The first normalised axis; negative counts from the back.
    public var axis: Int
    /// Added to the mean square.
    public var epsilon: Float

    /// A normalisation; what is left out takes ONNX's default.
    public init(axis: Int = -1, epsilon: Float = 1e-5) {
        self.axis = axis
        self.epsilon = epsilon
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: -1, for: Self.name)
        epsilon = try attributes.float("epsilon", default: 1e-5, for: Self.name)
    }

    /// ONNX's names: `axis`, `epsilon`.
    public var attributes: Attributes { ["axis": .integer(axis), "epsilon": .float(epsilon)] }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let (src, _) = try inputs.normalizedSource(axis: axis)
        try inputs.requireBroadcast(1, to: src.shape)
        return [src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], let first = src.shape.normalizedAxis(axis) else { return }
        let rows = src.shape.elementCount(in: 0..<first)
        let count = src.shape.elementCount(in: first..<src.shape.rank)
        var values = src.doubles()
        for row in 0..<rows {
            var squares = 0.0
            for index in row * count..<(row + 1) * count { squares += values[index] * values[index] }
            let factor = 1 / (squares / Double(count) + Double(epsilon)).squareRoot()
            for index in row * count..<(row + 1) * count { values[index] *= factor }
        }
        scaleAndShift(&values, shape: src.shape, scale: inputs[1], bias: nil)
        dst.store(values)
    }

    /// Four an element: square and its sum, normalisation and scale.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(4, outputs.first?.shape.elementCount ?? 0)
    }
}
