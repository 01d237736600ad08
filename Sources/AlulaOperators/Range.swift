// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[i] = start + i · delta`, as long as it is before limit.
///
/// Inputs: start, limit, delta, scalars of one type (integers but uint64, or floating point).
/// Source: ONNX Range, opset 11.
public struct NumberRange: Operator, Equatable {
    /// `Range`.
    public static let name = "Range"

    private static let types = Set<DataType>.numeric.subtracting([.uint64])

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// A list of `⌈(limit - start) / delta⌉` elements; needs the content of all inputs.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        try checked.require(Self.types, of: 0)
        for index in 0..<3 {
            try checked.requireSameType(0, index)
            guard try checked.required(index).shape.elementCount == 1 else {
                throw try checked.shapeMismatch(index, expected: "one element")
            }
        }
        return [TensorType(try checked.required(0).dataType, try checked.checkedShape([try count(checked)], from: 1))]
    }

    private func count(_ checked: CheckedInputs) throws(OperatorError) -> Int {
        let (start, limit, delta) = (try checked.value(0), try checked.value(1), try checked.value(2))
        if let first = start.integers()?[0], let end = limit.integers()?[0], let step = delta.integers()?[0] {
            guard step != 0 else { throw checked.invalidValue(2, got: "0", expected: "another step than 0") }
            guard step > 0 ? end > first : end < first else { return 0 }
            // The distance of two Int may not fit Int, but always UInt.
            let distance = UInt(bitPattern: step > 0 ? end &- first : first &- end)
            return Int(min((distance - 1) / step.magnitude, UInt(1 << 48))) + 1
        }
        let (first, end, step) = (start.doubles()[0], limit.doubles()[0], delta.doubles()[0])
        // In float32 the distance is rounded to float32, as in ONNX's definition.
        let distance = start.dataType == .float64 ? end - first : Double(Float(end) - Float(first))
        let steps = (distance / step).rounded(.up)
        guard steps.isFinite else {
            throw checked.invalidValue(2, got: "\(first) to \(end) by \(step)", expected: "a finite number of steps")
        }
        return max(Int(Int64(saturating: steps)), 0)
    }

    /// Computes each element from the first, so that errors do not add up; integers wrap.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        guard let dst = try Self.output(0, of: outputs, shape: [try count(checked)]) else { return }
        let (start, delta) = (try checked.value(0), try checked.value(2))
        if let type = dst.dataType.floatElementType {
            Self.writeFloats(dst, from: start, by: delta, as: type)
        } else if let type = dst.dataType.numericElementType as? any IntegerElement.Type {
            Self.writeIntegers(dst, from: start, by: delta, as: type)
        }
    }

    private static func writeFloats<T: FloatElement>(_ dst: Tensor, from start: Tensor, by delta: Tensor, as: T.Type) {
        let (first, step) = (start.doubles()[0], delta.doubles()[0])
        var target = dst.mutableSpan(of: T.self)
        for index in 0..<target.count { target[index] = T(converting: first + Double(index) * step) }
    }

    private static func writeIntegers<T: IntegerElement>(
        _ dst: Tensor,
        from start: Tensor,
        by delta: Tensor,
        as: T.Type
    ) {
        let (first, step) = (start.span(of: T.self)[0], delta.span(of: T.self)[0])
        var target = dst.mutableSpan(of: T.self)
        for index in 0..<target.count { target[index] = first &+ T(truncatingIfNeeded: index) &* step }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
