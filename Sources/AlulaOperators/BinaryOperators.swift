// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator `dst = f(left, right)` on two numeric tensors of one type that broadcast to each other.
///
/// left, right: shapes that broadcast by NumPy's rule; dst: the joint shape, the operands' type. `float16` is computed
/// in `float32` and rounded; integers keep their low bits.
public protocol BinaryArithmeticOperator: Operator {
    /// Element types the operator accepts.
    static var supportedDataTypes: Set<DataType> { get }
    /// The scalar function on floating-point numbers.
    func combine<T: FloatElement>(_ left: T, _ right: T) -> T
    /// The scalar function on integers; never traps.
    func combine<T: IntegerElement>(_ left: T, _ right: T) -> T
}

extension BinaryArithmeticOperator {
    /// Everything but bool.
    public static var supportedDataTypes: Set<DataType> { .numeric }

    /// The joint shape in the operands' type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(Self.supportedDataTypes, of: 0)
        try inputs.requireSameType(0, 1)
        return [TensorType(try inputs.required(0).dataType, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let left = inputs.operand(0), let right = inputs.operand(1), let dst = outputs.operand(0) else { return }
        evaluate(left, right, into: dst)
    }

    /// The scalar definition on operands that broadcast to `dst`.
    func evaluate(_ left: Tensor, _ right: Tensor, into dst: Tensor) {
        if dst.dataType == .float32 {
            broadcastMap(left, right, into: dst) { (x: Float, y: Float) in combine(x, y) }
        } else if dst.dataType == .float16 {
            broadcastMap(left, right, into: dst) { (x: Float16, y: Float16) in Float16(combine(Float(x), Float(y))) }
        } else if dst.dataType == .float64 {
            broadcastMap(left, right, into: dst) { (x: Double, y: Double) in combine(x, y) }
        } else if dst.dataType == .int64 {
            broadcastMap(left, right, into: dst) { (x: Int64, y: Int64) in combine(x, y) }
        } else if let type = dst.dataType.integerElementType {
            func run<T: IntegerElement>(_: T.Type) {
                broadcastMap(left, right, into: dst) { (x: T, y: T) in combine(x, y) }
            }
            run(type)
        }
    }
}

/// An operator `dst = f(left, right)` that compares two tensors of one type that broadcast to each other.
///
/// left, right: numeric, shapes that broadcast by NumPy's rule; dst: bool, the joint shape. Comparisons with NaN are
/// false.
public protocol ComparisonOperator: ParameterlessOperator {
    /// The scalar comparison.
    func compare<T: NumericElement>(_ left: T, _ right: T) -> Bool
}

extension ComparisonOperator {
    /// Bool in the joint shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.requireSameType(0, 1)
        return [TensorType(.bool, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let left = inputs.operand(0), let right = inputs.operand(1), let dst = outputs.operand(0) else { return }
        func run<T: NumericElement>(_: T.Type) {
            broadcastMap(left, right, into: dst) { (x: T, y: T) in compare(x, y) }
        }
        guard let type = left.dataType.numericElementType else { return }
        left.dataType == .float32 ? run(Float.self) : run(type)
    }
}

/// An operator `dst = f(left, right)` on two bool tensors that broadcast to each other.
///
/// left, right: bool, shapes that broadcast by NumPy's rule; dst: bool, the joint shape.
public protocol LogicalOperator: ParameterlessOperator {
    /// The truth table.
    func combine(_ left: Bool, _ right: Bool) -> Bool
}

extension LogicalOperator {
    /// Bool in the joint shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require([.bool], of: 0)
        try inputs.requireSameType(0, 1)
        return [TensorType(.bool, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let left = inputs.operand(0), let right = inputs.operand(1), let dst = outputs.operand(0) else { return }
        broadcastMap(left, right, into: dst) { (x: Bool, y: Bool) in combine(x, y) }
    }

    /// Zero: no arithmetic.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// An operator `dst = f(left, right)` on the bits of two integer tensors of one type that broadcast to each other.
///
/// left, right: integers, shapes that broadcast by NumPy's rule; dst: the joint shape, the operands' type.
public protocol BitwiseOperator: Operator {
    /// Element types the operator accepts.
    static var supportedDataTypes: Set<DataType> { get }
    /// The scalar function.
    func combine<T: IntegerElement>(_ left: T, _ right: T) -> T
}

extension BitwiseOperator {
    /// All integers.
    public static var supportedDataTypes: Set<DataType> { .integers }

    /// The joint shape in the operands' type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(Self.supportedDataTypes, of: 0)
        try inputs.requireSameType(0, 1)
        return [TensorType(try inputs.required(0).dataType, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let left = inputs.operand(0), let right = inputs.operand(1), let dst = outputs.operand(0),
            let type = dst.dataType.integerElementType
        else { return }
        func run<T: IntegerElement>(_: T.Type) {
            broadcastMap(left, right, into: dst) { (x: T, y: T) in combine(x, y) }
        }
        run(type)
    }

    /// Zero: no floating-point arithmetic.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

extension DataType {
    /// The Swift type of an integer data type; nil for others.
    var integerElementType: (any IntegerElement.Type)? {
        switch self {
        case .int8: Int8.self
        case .int16: Int16.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .uint8: UInt8.self
        case .uint16: UInt16.self
        case .uint32: UInt32.self
        case .uint64: UInt64.self
        default: nil
        }
    }
}
