// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The largest element of every window.
///
/// `dst[n, c, oh, ow] = max src[n, c, oh·sh − ph + kh·dh, ow·sw − pw + kw·dw]` over the taps inside src; the padding is
/// never chosen. Of equal elements the first counts. NaN is never chosen: a window without any other element gives the
/// type's lowest value.
///
/// src `[N, C, IH, IW]` (any numeric type) with one to three spatial axes, dst `[N, C, OH, OW]`. Output 1, indices
/// (int64, dst's shape): where in the flattened src the element was, with the spatial axes counted from the last to the
/// first, or from the first to the last if ``isColumnMajor``. Source: ONNX MaxPool, opset 22. TensorRT counterpart:
/// `IPoolingLayer`.
public struct MaxPool: Operator {
    /// `MaxPool`.
    public static let name = "MaxPool"

    /// The window's extents.
    public var kernelShape: [Int]
    /// Strides, dilations and pads as in the model; ``geometry(src:)`` resolves them.
    public var window: WindowParameters
    /// Whether a last, partly covered window counts.
    public var ceilMode: Bool
    /// Whether indices count the first spatial axis fastest (ONNX's `storage_order` 1).
    public var isColumnMajor: Bool

    /// A pooling; what is left out takes ONNX's default.
    public init(
        kernelShape: [Int],
        window: WindowParameters = WindowParameters(),
        ceilMode: Bool = false,
        isColumnMajor: Bool = false
    ) {
        self.kernelShape = kernelShape
        self.window = window
        self.ceilMode = ceilMode
        self.isColumnMajor = isColumnMajor
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        kernelShape = try attributes.integers("kernel_shape", for: Self.name)
        window = try WindowParameters(attributes: attributes, for: Self.name)
        ceilMode = try attributes.bool("ceil_mode", default: false, for: Self.name)
        isColumnMajor = try attributes.bool("storage_order", default: false, for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = window.attributes
        attributes["kernel_shape"] = .integers(kernelShape)
        attributes["ceil_mode"] = .integer(ceilMode ? 1 : 0)
        attributes["storage_order"] = .integer(isColumnMajor ? 1 : 0)
        return attributes
    }

    /// The window over a src `[N, C, …]`, all defaults resolved.
    public func geometry(src: Shape) throws(OperatorError) -> WindowGeometry {
        try window.poolingGeometry(src: src, kernelShape: kernelShape, ceilMode: ceilMode, for: Self.name)
    }

    /// dst in src's type, and indices.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.numeric, of: 0)
        let src = try inputs.required(0)
        let geometry = try geometry(src: src.shape)
        let shape = try inputs.outputShape(Array(src.shape.extents.prefix(2)) + geometry.dstExtents)
        return [TensorType(src.dataType, shape), TensorType(.int64, shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let type = src.dataType.numericElementType else { return }
        let reference = PoolingReference(try geometry(src: src.shape), src: src.shape)
        let indices = outputs.count > 1 ? outputs[1] : nil
        func run<T: NumericElement>(_: T.Type) {
            let source = src.span(of: T.self)
            let lowest = T.lowestElement
            reference.forEachWindow((best: lowest, position: -1)) { state, position in
                guard source[position] > state.best || (state.position < 0 && source[position] == lowest) else {
                    return
                }
                state = (source[position], position)
            } finish: { state, dst, _ in
                if let values = outputs[0] {
                    var target = values.mutableSpan(of: T.self)
                    target[dst] = state.best
                }
                if let indices {
                    var target = indices.mutableSpan(of: Int64.self)
                    target[dst] = Int64(isColumnMajor ? columnMajor(state.position, reference) : state.position)
                }
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    /// A row-major position in src with its spatial part counted the other way around.
    private func columnMajor(_ position: Int, _ reference: PoolingReference) -> Int {
        guard position >= 0 else { return position }
        let extents = reference.geometry.srcExtents
        let plane = reference.geometry.srcElementCount
        let (channel, inner) = position.quotientAndRemainder(dividingBy: plane)
        let (row, w) = inner.quotientAndRemainder(dividingBy: extents[2])
        let (d, h) = row.quotientAndRemainder(dividingBy: extents[1])
        return channel * plane + d + extents[0] * (h + extents[1] * w)
    }

    /// One comparison for every tap of every window, those in the padding included.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(outputs.first?.shape.elementCount ?? 0, kernelShape.reduce(1) { saturatingProduct($0, $1) })
    }
}

extension NumericElement {
    /// What every other number of the type is greater than or equal to: −∞ or the smallest integer.
    static var lowestElement: Self {
        if let float = Self.self as? any FloatElement.Type { return float.lowestFloat as? Self ?? .zeroElement }
        if let integer = Self.self as? any IntegerElement.Type { return integer.min as? Self ?? .zeroElement }
        return .zeroElement
    }
}

extension FloatElement {
    fileprivate static var lowestFloat: Self { -Self.infinity }
}
