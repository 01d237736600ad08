// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The p-norm of every window.
///
/// `dst[n, c, oh, ow] = (Σ |src[n, c, oh·sh − ph + kh·dh, ow·sw − pw + kw·dw]|ᵖ)^(1/p)` over the taps inside src.
///
/// src `[N, C, IH, IW]` (float32, float16, float64) with one to three spatial axes, dst `[N, C, OH, OW]`. Source: ONNX
/// LpPool, opset 22.
public struct LpPool: Operator {
    /// `LpPool`.
    public static let name = "LpPool"

    /// The window's extents.
    public var kernelShape: [Int]
    /// Strides, dilations and pads as in the model; ``geometry(src:)`` resolves them.
    public var window: WindowParameters
    /// Whether a last, partly covered window counts.
    public var ceilMode: Bool
    /// The exponent, 1 or more.
    public var p: Int

    /// A pooling; what is left out takes ONNX's default.
    public init(
        kernelShape: [Int],
        window: WindowParameters = WindowParameters(),
        ceilMode: Bool = false,
        p: Int = 2
    ) {
        self.kernelShape = kernelShape
        self.window = window
        self.ceilMode = ceilMode
        self.p = p
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        kernelShape = try attributes.integers("kernel_shape", for: Self.name)
        window = try WindowParameters(attributes: attributes, for: Self.name)
        ceilMode = try attributes.bool("ceil_mode", default: false, for: Self.name)
        p = try attributes.integer("p", default: 2, for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = window.attributes
        attributes["kernel_shape"] = .integers(kernelShape)
        attributes["ceil_mode"] = .integer(ceilMode ? 1 : 0)
        attributes["p"] = .integer(p)
        return attributes
    }

    /// The window over a src `[N, C, …]`, all defaults resolved.
    public func geometry(src: Shape) throws(OperatorError) -> WindowGeometry {
        try window.poolingGeometry(src: src, kernelShape: kernelShape, ceilMode: ceilMode, for: Self.name)
    }

    /// dst in src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        try requireNorm(p, for: Self.name)
        let src = try inputs.required(0)
        let extents = try geometry(src: src.shape).dstExtents
        return [TensorType(src.dataType, try inputs.outputShape(Array(src.shape.extents.prefix(2)) + extents))]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], dst.elementCount > 0 else { return }
        let source = src.doubles()
        var norms = [Double](repeating: 0, count: dst.elementCount)
        let reference = PoolingReference(try geometry(src: src.shape), src: src.shape)
        reference.forEachWindow(0.0) { sum, position in
            sum += ElementaryFunctions.pow(abs(source[position]), Double(p))
        } finish: { sum, dst, _ in
            norms[dst] = root(sum, p)
        }
        dst.store(norms)
    }

    /// Two for every tap of every window, those in the padding included, and one root a window.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let taps = kernelShape.reduce(1) { saturatingProduct($0, $1) }
        return saturatingProduct(outputs.first?.shape.elementCount ?? 0, taps > Int.max / 4 ? taps : 2 * taps + 1)
    }
}

/// `sum^(1/p)`.
func root(_ sum: Double, _ p: Int) -> Double {
    switch p {
    case 1: sum
    case 2: sum.squareRoot()
    default: ElementaryFunctions.pow(sum, 1 / Double(p))
    }
}

/// Checks the exponent of a norm.
func requireNorm(_ p: Int, for op: String) throws(OperatorError) {
    guard p >= 1 else {
        throw .invalidAttribute(operator: op, attribute: "p", got: "\(p)", expected: "1 or more")
    }
}
