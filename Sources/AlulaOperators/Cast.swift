// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = src` converted to another element type.
///
/// src: any type and shape; dst: the same shape. Floating point truncates toward zero to integers, NaN becomes 0, values
/// beyond 64 bits saturate, the low bits are kept; narrower integers keep the low bits; everything but zero is true.
/// Source: ONNX Cast, opset 21, without strings and 4- and 8-bit floats.
public struct Cast: Operator {
    /// `Cast`.
    public static let name = "Cast"

    /// The type of the output.
    public var dataType: DataType

    /// A conversion to `dataType`.
    public init(to dataType: DataType) { self.dataType = dataType }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        dataType = try attributes.dataType("to", for: Self.name)
    }

    /// `to`, as ONNX's number of the type.
    public var attributes: Attributes { ["to": .integer(Int(dataType.rawValue))] }

    /// The output type in the input's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        return [TensorType(dataType, try inputs.required(0).shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        convertElements(of: src, into: dst)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Parts are stretches of the tensors.
extension Cast: PartitionedOperator {
    /// By the bytes of both sides.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        IndexedParts.count(byteCount: (inputs.first??.byteCount ?? 0) + (outputs.first?.byteCount ?? 0))
    }

    /// Converts a stretch.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        // Stretches begin where cache lines of either side do, if the tensors do.
        let group = 64
        let groups = IndexedParts.range(part, of: partCount, count: (dst.elementCount + group - 1) / group)
        guard !groups.isEmpty else { return }
        let range = groups.lowerBound * group..<min(groups.upperBound * group, dst.elementCount)
        guard let source = src.stretch(range), let target = dst.stretch(range) else { return }
        convertElements(of: source, into: target)
    }
}

extension Tensor {
    /// Elements `range` of a contiguous tensor.
    fileprivate func stretch(_ range: Range<Int>) -> Tensor? {
        let start = byteOffset + range.lowerBound * dataType.byteCount
        return Tensor(dataType: dataType, shape: [range.count], storage: storage, byteOffset: start)
    }
}

extension Attributes {
    /// The data type whose ONNX number is the integer named `name`.
    func dataType(_ name: String, for op: String) throws(OperatorError) -> DataType {
        let number = try integer(name, for: op)
        guard let dataType = UInt8(exactly: number).flatMap(DataType.init(rawValue:)) else {
            throw .invalidAttribute(
                operator: op,
                attribute: name,
                got: "\(number)",
                expected: "the ONNX number of a supported data type"
            )
        }
        return dataType
    }
}
