// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation over any axes.
///
/// `dst = (src − E[src]) / (√(E[src²] − E[src]²) + 10⁻⁹)`, the means over ``axes``.
///
/// src: float32, float16 or float64; dst like src. Source: ONNX MeanVarianceNormalization, opset 13.
public struct MeanVarianceNormalization: Operator {
    /// `MeanVarianceNormalization`.
    public static let name = "MeanVarianceNormalization"

    /// The axes the means are taken over; negative ones count from the back.
    public var axes: [Int]

    /// A normalisation; without axes, over batch, height and width.
    public init(axes: [Int] = [0, 2, 3]) { self.axes = axes }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axes = try attributes.integers("axes", default: [0, 2, 3], for: Self.name)
    }

    /// ONNX's name: `axes`.
    public var attributes: Attributes { ["axes": .integers(axes)] }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        for axis in axes { _ = try inputs.axis(axis, of: 0) }
        return [try inputs.required(0).type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], dst.elementCount > 0 else { return }
        let normalized = Set(axes.compactMap { src.shape.normalizedAxis($0) })
        let kept = Shape(src.shape.indices.map { normalized.contains($0) ? 1 : src.shape[$0] })
        let strides = kept.broadcastStrides(to: src.shape)
        let count = Double(src.elementCount / max(kept.elementCount, 1))
        var values = src.doubles()
        var sums = [Double](repeating: 0, count: kept.elementCount)
        forEachGroup(src.shape, strides) { index, group in sums[group] += values[index] }
        var squares = [Double](repeating: 0, count: kept.elementCount)
        forEachGroup(src.shape, strides) { index, group in
            values[index] -= sums[group] / count
            squares[group] += values[index] * values[index]
        }
        forEachGroup(src.shape, strides) { index, group in
            values[index] /= (squares[group] / count).squareRoot() + 1e-9
        }
        dst.store(values)
    }

    private func forEachGroup(_ shape: Shape, _ strides: [Int], _ body: (_ index: Int, _ group: Int) -> Void) {
        var position = StridedIndices(shape, first: strides)
        for index in 0..<shape.elementCount {
            body(index, position.offsets.first)
            position.advance()
        }
    }

    /// Five an element: sum, difference, square and its sum, and division.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(5, outputs.first?.shape.elementCount ?? 0)
    }
}
