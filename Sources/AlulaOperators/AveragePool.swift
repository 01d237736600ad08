// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The mean of every window.
///
/// `dst[n, c, oh, ow] = (Σ src[n, c, oh·sh − ph + kh·dh, ow·sw − pw + kw·dw]) / count`, summed over the taps inside src.
/// The count is of those taps, or, if ``countsPadding``, of the taps inside src and its declared padding.
///
/// src `[N, C, IH, IW]` (float32, float16, float64) with one to three spatial axes, dst `[N, C, OH, OW]`. Source: ONNX
/// AveragePool, opset 22. TensorRT counterpart: `IPoolingLayer`.
public struct AveragePool: Operator {
    /// `AveragePool`.
    public static let name = "AveragePool"

    /// The window's extents.
    public var kernelShape: [Int]
    /// Strides, dilations and pads as in the model; ``geometry(src:)`` resolves them.
    public var window: WindowParameters
    /// Whether a last, partly covered window counts.
    public var ceilMode: Bool
    /// Whether the mean counts elements of the padding, as zeros.
    public var countsPadding: Bool

    /// A pooling; what is left out takes ONNX's default.
    public init(
        kernelShape: [Int],
        window: WindowParameters = WindowParameters(),
        ceilMode: Bool = false,
        countsPadding: Bool = false
    ) {
        self.kernelShape = kernelShape
        self.window = window
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        kernelShape = try attributes.integers("kernel_shape", for: Self.name)
        window = try WindowParameters(attributes: attributes, for: Self.name)
        ceilMode = try attributes.bool("ceil_mode", default: false, for: Self.name)
        countsPadding = try attributes.bool("count_include_pad", default: false, for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = window.attributes
        attributes["kernel_shape"] = .integers(kernelShape)
        attributes["ceil_mode"] = .integer(ceilMode ? 1 : 0)
        attributes["count_include_pad"] = .integer(countsPadding ? 1 : 0)
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
        let src = try inputs.required(0)
        let geometry = try geometry(src: src.shape)
        return [
            TensorType(
                src.dataType,
                try inputs.outputShape(Array(src.shape.extents.prefix(2)) + geometry.dstExtents)
            )
        ]
    }

    /// The scalar definition, summed in double precision and rounded once; a window without elements gives 0.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let source = src.doubles()
        var means = [Double](repeating: 0, count: dst.elementCount)
        let reference = PoolingReference(try geometry(src: src.shape), src: src.shape)
        reference.forEachWindow((sum: 0.0, count: 0)) { state, position in
            state.sum += source[position]
            state.count += 1
        } finish: { state, dst, cellCount in
            means[dst] = state.sum / Double(max(countsPadding ? cellCount : state.count, 1))
        }
        dst.store(means)
    }

    /// One addition for every tap of every window, those in the padding included, and one division a window.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let taps = kernelShape.reduce(1) { saturatingProduct($0, $1) }
        return saturatingProduct(outputs.first?.shape.elementCount ?? 0, taps == .max ? taps : taps + 1)
    }
}
