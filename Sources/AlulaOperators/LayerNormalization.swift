// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Normalisation over the last axes.
///
/// `dst = (src − mean) · d · scale + bias` with `mean = E[src]` and `d = 1 / √(E[(src − mean)²] + ε)` over the axes from
/// ``axis`` on.
///
/// src: float32, float16 or float64, any rank above 0; scale and bias (optional) broadcast to src; dst like src. Outputs
/// 1 and 2: mean and `d`, with extent 1 along the normalised axes, in float32 (float64 if src is). Source: ONNX
/// LayerNormalization, opset 17. TensorRT counterpart: `INormalizationLayer`.
public struct LayerNormalization: Operator {
    /// `LayerNormalization`.
    public static let name = "LayerNormalization"

    /// The first normalised axis; negative counts from the back.
    public var axis: Int
    /// Added to the variance.
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

    /// dst, mean and inverse deviation.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        let (src, first) = try inputs.normalizedSource(axis: axis)
        for index in 1...2 { try inputs.requireBroadcast(index, to: src.shape) }
        let ones = [Int](repeating: 1, count: src.shape.rank - first)
        let statistics = TensorType(
            src.dataType == .float64 ? .float64 : .float32,
            Shape(src.shape.extents.prefix(first) + ones)
        )
        return [src.type, statistics, statistics]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let first = src.shape.normalizedAxis(axis) else { return }
        let rows = src.shape.elementCount(in: 0..<first)
        let count = src.shape.elementCount(in: first..<src.shape.rank)
        var values = src.doubles()
        var (means, deviations) = ([Double](), [Double]())
        for row in 0..<rows {
            let moments = Moments(values, in: row * count..<(row + 1) * count)
            means.append(moments.mean)
            deviations.append(moments.inverseDeviation(epsilon: epsilon))
            for index in row * count..<(row + 1) * count {
                values[index] = (values[index] - moments.mean) * deviations[row]
            }
        }
        scaleAndShift(&values, shape: src.shape, scale: inputs[1], bias: inputs.count > 2 ? inputs[2] : nil)
        outputs[0]?.store(values)
        if outputs.count > 1 { outputs[1]?.store(means) }
        if outputs.count > 2 { outputs[2]?.store(deviations) }
    }

    /// Eight an element: sum, difference, square and its sum, normalisation, scale and bias.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(8, outputs.first?.shape.elementCount ?? 0)
    }
}

/// `values · scale + bias`, both broadcast to `shape`.
func scaleAndShift(_ values: inout [Double], shape: Shape, scale: Tensor?, bias: Tensor?) {
    guard scale != nil || bias != nil else { return }
    let (factors, shifts) = (scale?.doubles() ?? [1], bias?.doubles() ?? [0])
    var position = StridedIndices(
        shape,
        first: (scale?.shape ?? .scalar).broadcastStrides(to: shape),
        second: (bias?.shape ?? .scalar).broadcastStrides(to: shape)
    )
    for index in values.indices {
        values[index] = values[index] * factors[position.offsets.first] + shifts[position.offsets.second]
        position.advance()
    }
}

extension CheckedInputs {
    /// Input 0, a float tensor of rank above 0, and its first normalised axis.
    func normalizedSource(axis: Int) throws(OperatorError) -> (src: OperatorInput, first: Int) {
        try require(.floats, of: 0)
        return (try required(0), try self.axis(axis, of: 0))
    }

    /// Checks that input `index`, if present, holds floats and broadcasts to `shape` without changing it.
    func requireBroadcast(_ index: Int, to shape: Shape) throws(OperatorError) {
        guard let input = self[index] else { return }
        try require(.floats, of: index)
        guard input.shape.broadcast(with: shape) == shape else {
            let expected = "a shape that broadcasts to \(shape)"
            throw .shapeMismatch(operator: operatorName, input: index, got: input.shape, expected: expected)
        }
    }
}
