// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Puts elements back where ``MaxPool`` took them from, zeros elsewhere.
///
/// `dst[index[i]] = src[i]`, indices counting in the flattened `[N, C, OH, OW]` with `OH = (IH − 1)·sh + kh − pads`. A
/// wanted shape larger than that gets zeros at the end of each axis.
///
/// src `[N, C, IH, IW]` of any numeric type with one to three spatial axes, indices of src's shape (int64), wanted shape
/// (int64, optional, all axes). Source: ONNX MaxUnpool, opset 22.
public struct MaxUnpool: Operator {
    /// `MaxUnpool`.
    public static let name = "MaxUnpool"

    /// The pooling window's extents.
    public var kernelShape: [Int]
    /// The pooling's strides and pads.
    public var window: WindowParameters

    /// An unpooling.
    public init(kernelShape: [Int], window: WindowParameters = WindowParameters()) {
        self.kernelShape = kernelShape
        self.window = window
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        kernelShape = try attributes.integers("kernel_shape", for: Self.name)
        window = try WindowParameters(attributes: attributes, for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes = window.attributes
        attributes["kernel_shape"] = .integers(kernelShape)
        return attributes
    }

    /// The extents that indices count in.
    private func pooledShape(_ inputs: CheckedInputs) throws(OperatorError) -> Shape {
        let src = try inputs.required(0).shape
        let isFitting =
            (3...5).contains(src.rank) && kernelShape.count == src.rank - 2
            && kernelShape.allSatisfy { (1...WindowParameters.limit).contains($0) }
        guard isFitting else {
            let expected = "[N, C, spatial…] with as many spatial axes as the window \(kernelShape)"
            throw .shapeMismatch(operator: Self.name, input: 0, got: src, expected: expected)
        }
        let geometry = try window.transposedGeometry(
            srcExtents: Array(src.extents.dropFirst(2)),
            kernelExtents: kernelShape,
            outputPadding: [],
            outputExtents: nil,
            for: Self.name
        )
        return try inputs.outputShape(Array(src.extents.prefix(2)) + geometry.srcExtents)
    }

    /// The shape the pooling had, or the wanted one.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require(.numeric, of: 0)
        try inputs.require([.int64], of: 1)
        let src = try inputs.required(0)
        try inputs.require(shape: src.shape, of: 1)
        let pooled = try pooledShape(inputs)
        guard inputs[2] != nil else { return [TensorType(src.dataType, pooled)] }
        let wanted = try inputs.outputShape(try inputs.integers(2))
        guard wanted.rank == pooled.rank, zip(wanted, pooled).allSatisfy({ $0 >= $1 }) else {
            throw .invalidValue(operator: Self.name, input: 2, got: "\(wanted)", expected: "\(pooled) or larger")
        }
        return [TensorType(src.dataType, wanted)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let positions = inputs[1]?.integers(), let dst = outputs[0],
            let type = src.dataType.numericElementType
        else { return }
        let checked = try CheckedInputs(inputs.map { $0.map { OperatorInput($0) } }, of: Self.name, count: 2...3)
        let pooled = try pooledShape(checked)
        if let wrong = positions.first(where: { !(0..<pooled.elementCount).contains($0) }) {
            let expected = "an index of 0..<\(pooled.elementCount)"
            throw .invalidValue(operator: Self.name, input: 1, got: "\(wrong)", expected: expected)
        }
        let (inner, outer) = (pooled.contiguousStrides, dst.shape.contiguousStrides)
        func run<T: NumericElement>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: T.self)
            for index in 0..<target.count { target[index] = .zeroElement }
            for (index, position) in positions.enumerated() {
                var (rest, offset) = (position, 0)
                for axis in inner.indices {
                    offset += rest / inner[axis] * outer[axis]
                    rest %= inner[axis]
                }
                target[offset] = source[index]
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
