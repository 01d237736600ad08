// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// General matrix product, the fully connected layer.
///
/// `dst[m, n] = α · Σₖ A[m, k] · B[k, n] + β · bias[m, n]`, where A and B may be stored transposed and bias broadcasts to
/// `[M, N]`.
///
/// src A `[M, K]` or, transposed, `[K, M]`; weights B `[K, N]` or `[N, K]`; bias (optional) `[M, N]`, `[N]`, `[M, 1]`,
/// `[1, N]`, `[1]` or a scalar; dst `[M, N]`; float32, float16, float64, or integers, computed in double precision.
/// Source: ONNX Gemm, opset 13. TensorRT counterpart: `IFullyConnectedLayer`.
public struct Gemm: Operator {
    /// `Gemm`.
    public static let name = "Gemm"

    /// Factor of the product.
    public var alpha: Float
    /// Factor of the bias.
    public var beta: Float
    /// Whether A is stored `[K, M]`.
    public var isSrcTransposed: Bool
    /// Whether B is stored `[N, K]`.
    public var isWeightsTransposed: Bool

    /// A product; what is left out takes ONNX's default.
    public init(
        alpha: Float = 1,
        beta: Float = 1,
        isSrcTransposed: Bool = false,
        isWeightsTransposed: Bool = false
    ) {
        self.alpha = alpha
        self.beta = beta
        self.isSrcTransposed = isSrcTransposed
        self.isWeightsTransposed = isWeightsTransposed
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        alpha = try attributes.float("alpha", default: 1, for: Self.name)
        beta = try attributes.float("beta", default: 1, for: Self.name)
        isSrcTransposed = try attributes.bool("transA", default: false, for: Self.name)
        isWeightsTransposed = try attributes.bool("transB", default: false, for: Self.name)
    }

    /// ONNX's names: `alpha`, `beta`, `transA`, `transB`.
    public var attributes: Attributes {
        [
            "alpha": .float(alpha), "beta": .float(beta), "transA": .integer(isSrcTransposed ? 1 : 0),
            "transB": .integer(isWeightsTransposed ? 1 : 0),
        ]
    }

    /// `M`, `N` and `K` of the product of two matrices; nil when they do not fit.
    public func extents(src: Shape, weights: Shape) -> (m: Int, n: Int, k: Int)? {
        guard src.rank == 2, weights.rank == 2 else { return nil }
        let (m, k) = isSrcTransposed ? (src[1], src[0]) : (src[0], src[1])
        let (n, depth) = isWeightsTransposed ? (weights[0], weights[1]) : (weights[1], weights[0])
        return depth == k ? (m, n, k) : nil
    }

    /// `[M, N]` of src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require(.numeric, of: 0)
        try inputs.requireSameType(0, 1)
        try inputs.require(rank: 2...2, of: 0)
        let (src, weights) = (try inputs.required(0), try inputs.required(1).shape)
        guard let (m, n, _) = extents(src: src.shape, weights: weights) else {
            let order = (isSrcTransposed ? "[K, M]" : "[M, K]", isWeightsTransposed ? "[N, K]" : "[K, N]")
            let expected = "\(order.1) for \(order.0) = \(src.shape)"
            throw .shapeMismatch(operator: Self.name, input: 1, got: weights, expected: expected)
        }
        let shape = try inputs.outputShape([m, n])
        if let bias = inputs[2] {
            try inputs.requireSameType(0, 2)
            guard bias.shape.rank <= 2, bias.shape.broadcast(with: shape) == shape else {
                let expected = "a shape that broadcasts to \(shape)"
                throw .shapeMismatch(operator: Self.name, input: 2, got: bias.shape, expected: expected)
            }
        }
        return [TensorType(src.dataType, shape)]
    }

    /// The scalar definition, summed in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let weights = inputs[1], let dst = outputs[0],
            let (m, n, k) = extents(src: src.shape, weights: weights.shape)
        else { return }
        let (left, right) = (src.doubles(), weights.doubles())
        let bias = inputs.count > 2 ? inputs[2] : nil
        let addend = bias?.doubles()
        let biasStrides = bias?.shape.broadcastStrides(to: [m, n]) ?? [0, 0]
        let (alpha, beta) = (Double(alpha), Double(beta))
        var row = [Double](repeating: 0, count: n)
        for i in 0..<m {
            for j in row.indices { row[j] = 0 }
            for p in 0..<k {
                let a = left[isSrcTransposed ? p * m + i : i * k + p]
                let (first, step) = isWeightsTransposed ? (p, k) : (p * n, 1)
                for j in 0..<n { row[j] += a * right[first + j * step] }
            }
            for j in 0..<n {
                row[j] *= alpha
                if let addend { row[j] += beta * addend[i * biasStrides[0] + j * biasStrides[1]] }
            }
            dst.store(row, at: i * n)
        }
    }

    /// Two for every term of every sum; one an element for α, two for β and the bias, where they are not 1 or absent.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 1, let src = inputs[0]?.shape, let weights = inputs[1]?.shape,
            let (m, n, k) = extents(src: src, weights: weights)
        else { return 0 }
        let hasScaledBias = inputs.count > 2 && inputs[2] != nil && beta != 1
        let scaling = (alpha != 1 ? 1 : 0) + (hasScaledBias ? 2 : 0)
        return saturatingProduct(m, n, 2 * k + scaling)
    }
}
