// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Sums of products along named axes.
///
/// `dst[result labels] = Σ Π operand[its labels]`, the sum over all labels the result does not have. A label twice in an
/// operand walks its diagonal; `...` stands for any number of axes, which broadcast; without `->` the result has the
/// labels that occur once, in alphabetical order, after the ellipsis.
///
/// Operands: one or more, of one numeric type; dst of that type. Integers wrap. Source: ONNX Einsum, opset 12. TensorRT
/// counterpart: `IEinsumLayer`.
public struct Einsum: Operator {
    /// `Einsum`.
    public static let name = "Einsum"

    /// For example `bij, bjk -> bik`.
    public var equation: String

    /// A summation.
    public init(equation: String) { self.equation = equation }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        equation = try attributes.string("equation", for: Self.name)
    }

    /// ONNX's name: `equation`.
    public var attributes: Attributes { ["equation": .string(equation)] }

    /// The result's shape in the operands' type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: max(inputs.count, 1)...max(inputs.count, 1))
        try inputs.require(.numeric, of: 0)
        var shapes: [Shape] = []
        for index in inputs.inputs.indices {
            try inputs.requireSameType(0, index)
            shapes.append(try inputs.required(index).shape)
        }
        return [TensorType(try inputs.required(0).dataType, try loops(shapes).resultShape)]
    }

    /// The scalar definition: floats summed in double precision and rounded once, integers wrapping.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs[0] else { return }
        let operands = inputs.compactMap(\.self)
        let loops = try loops(operands.map(\.shape))
        if dst.dataType.isFloatingPoint {
            var values: [Double] = []
            loops.forEachElement(operands.map { $0.doubles() }) { values.append($0) }
            dst.store(values)
        } else {
            var values: [Int64] = []
            loops.forEachElement(operands.map { $0.wideIntegers() }) { values.append($0) }
            dst.store(values)
        }
    }

    private func loops(_ shapes: [Shape]) throws(OperatorError) -> EinsumLoops {
        guard let parsed = EinsumEquation(equation) else {
            let expected = "operands of letters and at most one '...' each, such as 'ij,jk->ik'"
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "equation",
                got: "'\(equation)'",
                expected: expected
            )
        }
        guard let loops = EinsumLoops(parsed, shapes) else {
            let got = "'\(equation)' for shapes \(shapes)"
            let expected = "one label an axis, and one extent a label"
            throw .invalidAttribute(operator: Self.name, attribute: "equation", got: got, expected: expected)
        }
        return loops
    }

    /// One a factor of every term of every sum: its products and the addition.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let shapes = inputs.compactMap { $0?.shape }
        guard let parsed = EinsumEquation(equation), let loops = EinsumLoops(parsed, shapes) else { return 0 }
        let terms = saturatingProduct(loops.resultShape.elementCount, loops.sumShape.elementCount)
        let isCopy = shapes.count == 1 && loops.sumShape.rank == 0
        return isCopy ? 0 : saturatingProduct(terms, shapes.count)
    }
}
