// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = (src - zeroPoint)·scale`.
///
/// src: int8, uint8, int16, uint16 or int32, any shape; scale: float32 or float16, a scalar, one an index of `axis`, or
/// one a block of `blockExtent` indices (src's shape with that axis divided, rounded up); zeroPoint: optional, src's type
/// and scale's shape; dst: src's shape in the scale's type or in `dataType`.
/// Source: ONNX DequantizeLinear, opset 23, without 4-bit integers and 8-bit floats.
public struct DequantizeLinear: Operator {
    /// `DequantizeLinear`.
    public static let name = "DequantizeLinear"

    /// The axis of per-axis and blocked scales; negative counts from the last.
    public var axis: Int
    /// Indices along the axis that share a scale; 0 unless blocked.
    public var blockExtent: Int
    /// The output type, if not the scale's.
    public var dataType: DataType?

    /// The operator with ONNX's default parameters unless given.
    public init(axis: Int = 1, blockExtent: Int = 0, dataType: DataType? = nil) {
        self.axis = axis
        self.blockExtent = blockExtent
        self.dataType = dataType
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", for: Self.name)
        blockExtent = try attributes.extent("blockExtent", for: Self.name)
        guard attributes["to"] != nil else { return }
        let type = try attributes.dataType("to", for: Self.name)
        guard type.isFloatingPoint else {
            throw .invalidAttribute(operator: Self.name, attribute: "to", got: "\(type)", expected: "a float type")
        }
        dataType = type
    }

    /// `axis`, `blockExtent`, and `to`, where present, as ONNX's number of the type.
    public var attributes: Attributes {
        var attributes: Attributes = ["axis": .integer(axis), "blockExtent": .integer(blockExtent)]
        attributes["to"] = dataType.map { .integer(Int($0.rawValue)) }
        return attributes
    }

    /// The real type in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require([.int8, .uint8, .int16, .uint16, .int32], of: 0)
        try inputs.requireQuantization(axis: axis, blockExtent: blockExtent)
        if inputs[2] != nil { try inputs.requireSameType(0, 2) }
        let scaleType = try inputs.required(1).dataType
        return [TensorType(dataType ?? scaleType, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let scale = inputs.operand(1), let dst = outputs.operand(0),
            let type = src.dataType.integerElementType
        else { return }
        let layout = try QuantizationLayout(
            src.shape,
            scale: scale.shape,
            axis: axis,
            blockExtent: blockExtent,
            of: Self.name
        )
        let real = dst.dataType == .float32 ? dst : Tensor(uninitialized: .float32, shape: dst.shape)
        let scales = scale.converted(to: .float32)
        let zeroPoints = inputs.operand(2)?.converted(to: .int32)
        func run<T: IntegerElement>(_: T.Type) {
            dequantize(src, scales, zeroPoints, into: real, layout, as: T.self)
        }
        src.dataType == .int8 ? run(Int8.self) : src.dataType == .uint8 ? run(UInt8.self) : run(type)
        if dst.dataType != .float32 { convertElements(of: real, into: dst) }
    }

    private func dequantize<T: IntegerElement>(
        _ src: Tensor,
        _ scale: Tensor,
        _ zeroPoint: Tensor?,
        into dst: Tensor,
        _ layout: QuantizationLayout,
        as _: T.Type
    ) {
        let zeroPoint = zeroPoint ?? Tensor(zeros: .int32, shape: scale.shape)
        let source = src.span(of: T.self)
        let scales = scale.span(of: Float.self)
        let zeros = zeroPoint.span(of: Int32.self)
        var target = dst.mutableSpan(of: Float.self)
        layout.forEachElement { element, index in
            target[element] = Float(Int64(source[element]) - Int64(zeros[index])) * scales[index]
        }
    }

    /// Subtraction and product of every element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        2 * (outputs.first?.shape.elementCount ?? 0)
    }
}
