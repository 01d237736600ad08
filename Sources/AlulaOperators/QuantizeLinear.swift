// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = saturate(round(src / scale) + zeroPoint)`, halves rounded to the even integer.
///
/// src: float32, float16 or int32, any shape; scale: float32 or float16, a scalar, one an index of `axis`, or one a block
/// of `blockExtent` indices (src's shape with that axis divided, rounded up); zeroPoint: optional, scale's shape; dst:
/// src's shape in the zero point's type, or in `dataType`, or uint8. Divides in `float32`.
/// Source: ONNX QuantizeLinear, opset 23, without 4-bit integers and 8-bit floats.
public struct QuantizeLinear: Operator {
    /// `QuantizeLinear`.
    public static let name = "QuantizeLinear"

    /// The axis of per-axis and blocked scales; negative counts from the last.
    public var axis: Int
    /// Indices along the axis that share a scale; 0 unless blocked.
    public var blockExtent: Int
    /// The output type when there is no zero point.
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
        if attributes["to"] != nil { dataType = try attributes.dataType("to", for: Self.name) }
    }

    /// `axis`, `blockExtent`, and `to`, where present, as ONNX's number of the type.
    public var attributes: Attributes {
        var attributes: Attributes = ["axis": .integer(axis), "blockExtent": .integer(blockExtent)]
        attributes["to"] = dataType.map { .integer(Int($0.rawValue)) }
        return attributes
    }

    /// The quantised type in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...3)
        try inputs.require([.float32, .float16, .int32], of: 0)
        try inputs.requireQuantization(axis: axis, blockExtent: blockExtent)
        let target = inputs[2]?.dataType ?? dataType ?? .uint8
        guard [.uint8, .int8, .uint16, .int16].contains(target) else {
            throw .unsupportedDataType(
                operator: Self.name,
                input: 2,
                got: target,
                expected: "int16, int8, uint16, uint8"
            )
        }
        return [TensorType(target, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let scale = inputs.operand(1), let dst = outputs.operand(0),
            let type = dst.dataType.integerElementType
        else { return }
        let layout = try QuantizationLayout(
            src.shape,
            scale: scale.shape,
            axis: axis,
            blockExtent: blockExtent,
            of: Self.name
        )
        let real = src.converted(to: .float32)
        let scales = scale.converted(to: .float32)
        let zeroPoints = inputs.operand(2)?.converted(to: .int32)
        func run<T: IntegerElement>(_: T.Type) {
            quantize(real, scales, zeroPoints, into: dst, layout, as: T.self)
        }
        dst.dataType == .int8 ? run(Int8.self) : dst.dataType == .uint8 ? run(UInt8.self) : run(type)
    }

    private func quantize<T: IntegerElement>(
        _ src: Tensor,
        _ scale: Tensor,
        _ zeroPoint: Tensor?,
        into dst: Tensor,
        _ layout: QuantizationLayout,
        as _: T.Type
    ) {
        let zeroPoint = zeroPoint ?? Tensor(zeros: .int32, shape: scale.shape)
        let source = src.span(of: Float.self)
        let scales = scale.span(of: Float.self)
        let zeros = zeroPoint.span(of: Int32.self)
        var target = dst.mutableSpan(of: T.self)
        layout.forEachElement { element, index in
            target[element] = quantized(source[element], scale: scales[index], zeroPoint: zeros[index])
        }
    }

    /// Division, rounding, addition and saturation of every element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        4 * (outputs.first?.shape.elementCount ?? 0)
    }
}

/// `saturate(round(x / scale) + zeroPoint)`; NaN becomes the zero point.
@inline(__always)
func quantized<T: IntegerElement>(_ x: Float, scale: Float, zeroPoint: Int32) -> T {
    let rounded = (x / scale).rounded(.toNearestOrEven)
    // Every sum beyond ±2²⁰ saturates, whatever the zero point.
    let integer = rounded.isNaN ? 0 : Int32(max(-0x1p20, min(0x1p20, rounded)))
    return T(clamping: integer + zeroPoint)
}

extension Attributes {
    /// The integer named `name`, which must not be negative.
    func extent(_ name: String, for op: String) throws(OperatorError) -> Int {
        let value = try integer(name, for: op)
        guard value >= 0 else {
            throw .invalidAttribute(operator: op, attribute: name, got: "\(value)", expected: "0 or more")
        }
        return value
    }
}
