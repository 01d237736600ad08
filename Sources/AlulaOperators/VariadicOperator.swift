// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator that folds one or more numeric tensors of one type, which broadcast to each other, element by element.
///
/// src₀…srcₙ: shapes that broadcast by NumPy's rule; dst: the joint shape, the operands' type. `float16` is folded in
/// `float32` and rounded once.
public protocol VariadicOperator: ParameterlessOperator {
    /// Element types the operator accepts.
    static var supportedDataTypes: Set<DataType> { get }
    /// One step of the fold.
    func combine<T: FloatElement>(_ left: T, _ right: T) -> T
    /// One step of the fold on integers; never traps.
    func combine<T: IntegerElement>(_ left: T, _ right: T) -> T
    /// Turns the folded value of `count` operands into the result.
    func finish<T: FloatElement>(_ folded: T, count: Int) -> T
}

extension VariadicOperator {
    /// Everything but bool.
    public static var supportedDataTypes: Set<DataType> { .numeric }

    /// The folded value itself.
    public func finish<T: FloatElement>(_ folded: T, count: Int) -> T { folded }

    /// The joint shape in the operands' type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...Int.max)
        try inputs.require(Self.supportedDataTypes, of: 0)
        for index in inputs.inputs.indices { try inputs.requireSameType(0, index) }
        return [TensorType(try inputs.required(0).dataType, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let operands = inputs.compactMap(\.self)
        guard let dst = outputs.operand(0), operands.count == inputs.count else { return }
        if dst.dataType == .float16 {
            let folded = Tensor(uninitialized: .float32, shape: dst.shape)
            fold(operands.map { $0.converted(to: .float32) }, into: folded, as: Float.self)
            convertElements(of: folded, into: dst)
        } else if dst.dataType == .float32 {
            fold(operands, into: dst, as: Float.self)
        } else if dst.dataType == .float64 {
            fold(operands, into: dst, as: Double.self)
        } else if let type = dst.dataType.integerElementType {
            func run<T: IntegerElement>(_: T.Type) {
                broadcastMap(operands[0], operands[operands.count > 1 ? 1 : 0], into: dst) { (x: T, y: T) in
                    operands.count > 1 ? combine(x, y) : x
                }
                for operand in operands.dropFirst(2) {
                    broadcastUpdate(dst, with: operand) { (x: T, y: T) in combine(x, y) }
                }
            }
            run(type)
        }
    }

    private func fold<T: FloatElement>(_ operands: [Tensor], into dst: Tensor, as _: T.Type) {
        let count = operands.count
        guard count > 1 else {
            return mapElements(operands[0], into: dst) { (x: T) in finish(x, count: 1) }
        }
        guard count > 2 else {
            return broadcastMap(operands[0], operands[1], into: dst) { (x: T, y: T) in
                finish(combine(x, y), count: 2)
            }
        }
        broadcastMap(operands[0], operands[1], into: dst) { (x: T, y: T) in combine(x, y) }
        for operand in operands[2..<(count - 1)] {
            broadcastUpdate(dst, with: operand) { (x: T, y: T) in combine(x, y) }
        }
        broadcastUpdate(dst, with: operands[count - 1]) { (x: T, y: T) in finish(combine(x, y), count: count) }
    }

    /// One operation an operand and output element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        max(inputs.count - 1, 1) * (outputs.first?.shape.elementCount ?? 0)
    }
}
