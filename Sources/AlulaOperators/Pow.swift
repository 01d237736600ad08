// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = base^exponent`, element by element, with broadcasting.
///
/// base, exponent: numeric tensors, possibly of different types, whose shapes broadcast; dst: the joint shape in the
/// base's type. Integer powers of integers are exact modulo the type's range, and 0 for negative exponents unless the
/// base is ±1; in all other cases the power is taken in `float64` and converted. Source: ONNX Pow, opset 15.
public struct Pow: ParameterlessOperator {
    /// `Pow`.
    public static let name = "Pow"

    /// The operator has no parameters.
    public init() {}

    /// The joint shape in the base's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.require(.numeric, of: 1)
        return [TensorType(try inputs.required(0).dataType, try inputs.broadcastShape())]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let base = inputs.operand(0), let exponent = inputs.operand(1), let dst = outputs.operand(0) else {
            return
        }
        if dst.dataType == .float32 {
            evaluateFloat(base, exponent, dst)
        } else if let type = dst.dataType.integerElementType, exponent.dataType.isInteger {
            func run<T: IntegerElement>(_: T.Type) {
                broadcastMap(base, exponent.converted(to: .int64), into: dst) { (x: T, y: Int64) in
                    integerPower(x, y)
                }
            }
            run(type)
        } else if let type = dst.dataType.numericElementType {
            func run<T: NumericElement>(_: T.Type) {
                broadcastMap(base, exponent.converted(to: .float64), into: dst) { (x: T, y: Double) in
                    T(converting: ElementaryFunctions.pow(x.asDouble, y))
                }
            }
            run(type)
        }
    }

    /// The constant exponents of norms and variances are written out; the results are those of the general case.
    private func evaluateFloat(_ base: Tensor, _ exponent: Tensor, _ dst: Tensor) {
        let exponent = exponent.converted(to: .float64)
        if exponent.elementCount == 1, base.elementCount == dst.elementCount {
            let power = exponent.span(of: Double.self)[0]
            if power == 2 { return mapElements(base, into: dst) { (x: Float) in x * x } }
            if power == 3 {
                return mapElements(base, into: dst) { (x: Float) in Float(Double(x) * Double(x) * Double(x)) }
            }
            if power == -1 { return mapElements(base, into: dst) { (x: Float) in 1 / x } }
        }
        broadcastMap(base, exponent, into: dst) { (x: Float, y: Double) in
            Float(ElementaryFunctions.pow(Double(x), y))
        }
    }

    private func integerPower<T: IntegerElement>(_ base: T, _ exponent: Int64) -> T {
        guard exponent >= 0 else {
            if base == 1 { return 1 }
            return base &+ 1 == 0 && T.isSigned ? (exponent & 1 == 0 ? 1 : base) : 0
        }
        var product: T = 1
        var factor = base
        var remaining = exponent
        while remaining > 0 {
            if remaining & 1 == 1 { product = product &* factor }
            factor = factor &* factor
            remaining >>= 1
        }
        return product
    }
}
