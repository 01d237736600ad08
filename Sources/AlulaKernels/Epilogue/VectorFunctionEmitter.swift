// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Emits functions on one vector in place; temporaries are fresh variables that are dead afterwards.
///
/// Constants are operands in memory, so that a function needs at most four vector registers beside the value.
struct VectorFunctionEmitter {
    let jit: KernelBuilder

    init(_ jit: KernelBuilder) { self.jit = jit }

    /// `value = function(value)`.
    func emit(_ function: VectorFunction, on value: FloatVector) {
        switch function {
        case .identity: break
        case .relu: atLeast(value, 0)
        case .leakyRelu(let alpha): leakyRelu(value, alpha)
        case .thresholdedRelu(let alpha):
            let passes = jit.mask("passes")
            jit.compare(passes, value, .floatGreater, alpha)
            jit.select(value, passes, value, constant(0))
        case .clip(let minimum, let maximum): clamp(value, minimum, maximum)
        case .hardSigmoid(let alpha, let beta):
            jit.multiply(value, value, alpha)
            jit.add(value, value, beta)
            clamp(value, 0, 1)
        case .hardSwish:
            let gate = jit.floats("gate")
            jit.multiply(gate, value, Float(1.0 / 6))
            jit.add(gate, gate, Float(0.5))
            clamp(gate, 0, 1)
            jit.multiply(value, value, gate)
        case .sigmoid: sigmoid(value)
        case .swish(let alpha): swish(value, alpha)
        case .tanh: tanh(value)
        case .exp: exp(value)
        case .log: log(value)
        case .erf: erf(value)
        case .gelu: gelu(value)
        case .geluTanh: geluTanh(value)
        case .softplus: softplus(value)
        case .mish: mish(value)
        case .elu(let alpha): elu(value, alpha: alpha, gamma: 1)
        case .selu(let alpha, let gamma): elu(value, alpha: alpha, gamma: gamma)
        case .celu(let alpha): elu(value, alpha: alpha, gamma: 1, divisor: alpha)
        default: emitArithmetic(function, on: value)
        }
    }

    private func emitArithmetic(_ function: VectorFunction, on value: FloatVector) {
        switch function {
        case .softsign:
            let divisor = jit.floats("divisor")
            jit.absolute(divisor, value)
            jit.add(divisor, divisor, Float(1))
            jit.divide(value, value, divisor)
        case .squareRoot: jit.squareRoot(value, value)
        case .reciprocal: jit.divide(value, constant(1), value)
        case .absolute: jit.absolute(value, value)
        case .negate: jit.negate(value, value)
        case .floor: jit.apply(.floor, value, value)
        case .ceiling: jit.apply(.ceiling, value, value)
        case .round: jit.apply(.roundEven, value, value)
        case .sign: sign(value)
        case .power(let exponent): power(value, exponent)
        default: break
        }
    }

    // MARK: Two operands

    /// `value = combination(value, operand)`.
    func emit(_ combination: Combination, on value: FloatVector, _ operand: any FloatSource) {
        switch combination {
        case .add: jit.add(value, value, operand)
        case .subtract: jit.subtract(value, value, operand)
        case .subtractReversed: jit.subtract(value, loaded(operand), value)
        case .multiply: jit.multiply(value, value, operand)
        case .divide: jit.divide(value, value, operand)
        case .divideReversed: jit.divide(value, loaded(operand), value)
        case .minimum: extreme(value, operand) { jit.minimum($0, $1, $2) }
        case .maximum: extreme(value, operand) { jit.maximum($0, $1, $2) }
        case .leakyRelu:
            let scaled = jit.floats("scaled")
            let isNegative = jit.mask("is negative")
            jit.multiply(scaled, value, operand)
            jit.compare(isNegative, value, .floatLess, Float(0))
            jit.select(value, isNegative, scaled, value)
        case .equal: answer(value, .floatEqual, operand)
        case .less: answer(value, .floatLess, operand)
        case .lessOrEqual: answer(value, .floatLessOrEqual, operand)
        case .greater: answer(value, .floatGreater, operand)
        case .greaterOrEqual: answer(value, .floatGreaterOrEqual, operand)
        }
    }

    /// `value` = 1 where the answer is yes, else 0.
    private func answer(_ value: FloatVector, _ predicate: VectorPredicate, _ operand: any FloatSource) {
        let isTrue = jit.mask("is true")
        jit.compare(isTrue, value, predicate, operand)
        jit.select(value, isTrue, constant(1), constant(0))
    }

    /// `value = condition ? value : otherwise`, or the other way round; the elements of `condition` are integers.
    func emitSelect(
        _ value: FloatVector,
        condition: any FloatSource,
        otherwise: () -> any FloatSource,
        keepsWhereTrue: Bool
    ) {
        let isFalse = jit.mask("is false")
        jit.compare(isFalse, loaded(condition).bits, .integerEqual, Int32(0))
        let other = loaded(otherwise())
        if keepsWhereTrue {
            jit.select(value, isFalse, other, value)
        } else {
            jit.select(value, isFalse, value, other)
        }
    }

    /// `value = combination(value, number)`.
    func emit(_ combination: Combination, on value: FloatVector, number: Float) {
        switch combination {
        case .maximum where !number.isNaN: atLeast(value, number)
        case .minimum where !number.isNaN: atMost(value, number)
        case .leakyRelu: leakyRelu(value, number)
        case .divide where number.isNormal && (1 / number).isNormal && number.significand == 1:
            jit.multiply(value, value, 1 / number)  // exact for powers of two
        default: emit(combination, on: value, number)
        }
    }

    /// The hardware returns its second operand if either is NaN, which covers a NaN there; one in `value` is put back.
    private func extreme(
        _ value: FloatVector,
        _ operand: any FloatSource,
        _ call: (FloatVector, FloatVector, any FloatSource) -> Void
    ) {
        let isNaN = jit.mask("is NaN")
        let result = jit.floats("extreme")
        jit.compare(isNaN, value, .floatUnordered, value)
        call(result, value, operand)
        jit.select(value, isNaN, value, result)
    }

    /// A vector holding `source`, which may be a new one.
    private func loaded(_ source: any FloatSource) -> FloatVector {
        if let vector = source as? FloatVector { return vector }
        let result = jit.floats("operand")
        switch source {
        case let memory as MemoryReference: jit.load(result, from: memory)
        case let number as Float: jit.set(result, to: number)
        case let element as RepeatedElement: jit.broadcast(result, from: element.reference)
        default:
            jit.set(result, to: 0)
            jit.add(result, result, source)
        }
        return result
    }

    // MARK: Shared steps

    /// A new vector of `number`.
    func constant(_ number: Float) -> FloatVector {
        let result = jit.floats("\(number)")
        jit.set(result, to: number)
        return result
    }

    /// `value = max(value, bound)`; NaN stays NaN, since the hardware returns its second operand then.
    func atLeast(_ value: FloatVector, _ bound: Float) { jit.maximum(value, constant(bound), value) }

    /// `value = min(value, bound)`; NaN stays NaN.
    func atMost(_ value: FloatVector, _ bound: Float) { jit.minimum(value, constant(bound), value) }

    /// `value = min(max(value, lower), upper)`; NaN stays NaN.
    func clamp(_ value: FloatVector, _ lower: Float, _ upper: Float) {
        if lower > -.infinity { atLeast(value, lower) }
        if upper < .infinity { atMost(value, upper) }
    }

    /// `dst = Σ coefficients[i]·xⁱ`, by Horner's rule.
    func polynomial(_ dst: FloatVector, _ coefficients: [Float], at x: FloatVector) {
        jit.set(dst, to: coefficients.last ?? 0)
        for coefficient in coefficients.dropLast().reversed() { jit.multiplyAdd(dst, dst, x, coefficient) }
    }

    // MARK: Simple functions

    private func leakyRelu(_ value: FloatVector, _ alpha: Float) {
        let scaled = jit.floats("scaled")
        jit.multiply(scaled, value, alpha)
        if alpha > 0 && alpha <= 1 { return jit.maximum(value, scaled, value) }
        let isNegative = jit.mask("is negative")
        jit.compare(isNegative, value, .floatLess, Float(0))
        jit.select(value, isNegative, scaled, value)
    }

    private func sign(_ value: FloatVector) {
        let (isPositive, isNegative) = (jit.mask("is positive"), jit.mask("is negative"))
        jit.compare(isPositive, value, .floatGreater, Float(0))
        jit.compare(isNegative, value, .floatLess, Float(0))
        jit.select(value, isPositive, constant(1), value)
        jit.select(value, isNegative, constant(-1), value)
    }

    private func power(_ value: FloatVector, _ exponent: Float) {
        if exponent.magnitude == 0.5 {
            // IEEE 754: the power of -0 is that of 0, the power of -∞ that of ∞.
            let isLowest = jit.mask("is -∞")
            let magnitude = jit.floats("magnitude")
            jit.compare(isLowest, value, .floatEqual, -Float.infinity)
            jit.absolute(magnitude, value)
            jit.select(value, isLowest, magnitude, value)
            jit.squareRoot(value, value)
            jit.add(value, value, Float(0))
        } else {
            wholePower(value, Int(exponent.magnitude))
        }
        if exponent < 0 { jit.divide(value, constant(1), value) }
    }

    private func wholePower(_ value: FloatVector, _ exponent: Int) {
        guard exponent > 1 else { return }
        let base = jit.floats("base")
        jit.copy(base, value)
        // From the second highest bit down: square, and multiply where the bit is set.
        for bit in (0..<(Int.bitWidth - 1 - exponent.leadingZeroBitCount)).reversed() {
            jit.multiply(value, value, value)
            if exponent >> bit & 1 == 1 { jit.multiply(value, value, base) }
        }
    }
}
