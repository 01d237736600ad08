// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator `dst = f(src)` on every element of one numeric tensor, integers included.
///
/// src: any numeric type and shape; dst: the same.
public protocol NumericUnaryOperator: ElementwiseOperator {
    /// The scalar function on floating-point numbers.
    func map<T: FloatElement>(_ x: T) -> T
    /// The scalar function on integers; never traps.
    func map<T: IntegerElement>(_ x: T) -> T
}

extension NumericUnaryOperator {
    /// The scalar function in `float32`.
    public func apply(_ x: Float) -> Float { map(x) }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.numeric, of: 0)
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        if src.dataType == .float32 {
            mapElements(src, into: dst) { (x: Float) in map(x) }
        } else if src.dataType == .float16 {
            mapElements(src, into: dst) { (x: Float16) in Float16(map(Float(x))) }
        } else if src.dataType == .float64 {
            mapElements(src, into: dst) { (x: Double) in map(x) }
        } else if let type = src.dataType.integerElementType {
            func run<T: IntegerElement>(_: T.Type) { mapElements(src, into: dst) { (x: T) in map(x) } }
            run(type)
        }
    }
}
