// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// A function of one `float32` operand, applied to runs of elements in place.
enum StageFunction: Sendable {
    case relu
    case leakyRelu(alpha: Float)
    case clip(minimum: Float, maximum: Float)
    case sigmoid
    case swish(alpha: Float)
    case tanh
    case exp
    case erf
    case gelu
    case hardSigmoid(alpha: Float, beta: Float)
    case hardSwish
    case squareRoot
    case reciprocal
    case absolute
    case negate
    /// Any other function, by its scalar definition.
    case scalar(any ElementwiseOperator)

    /// The function of an operator.
    init(_ operation: any ElementwiseOperator) {
        switch operation {
        case is Relu: self = .relu
        case let leaky as LeakyRelu: self = .leakyRelu(alpha: leaky.alpha)
        case let clip as Clip:
            self = .clip(minimum: clip.minimum ?? -.infinity, maximum: clip.maximum ?? .infinity)
        case is Sigmoid: self = .sigmoid
        case let swish as Swish: self = .swish(alpha: swish.alpha)
        case is Tanh: self = .tanh
        case is Exp: self = .exp
        case is Erf: self = .erf
        case let gelu as Gelu where !gelu.usesTanh: self = .gelu
        case let hard as HardSigmoid: self = .hardSigmoid(alpha: hard.alpha, beta: hard.beta)
        case is HardSwish: self = .hardSwish
        case is Sqrt: self = .squareRoot
        case is Reciprocal: self = .reciprocal
        case is Abs: self = .absolute
        case is Neg: self = .negate
        default: self = .scalar(operation)
        }
    }

    /// Replaces every element by its function value.
    func apply(to run: inout MutableSpan<Float>) {
        switch self {
        case .relu: map(&run) { $0 < 0 ? 0 : $0 }
        case .leakyRelu(let alpha): map(&run) { $0 < 0 ? alpha * $0 : $0 }
        case .clip(let low, let high):
            map(&run) {
                let x = $0 < low ? low : $0
                return x > high ? high : x
            }
        case .sigmoid: map(&run) { VectorMath.sigmoid($0) }
        case .swish(let alpha): map(&run) { $0 * VectorMath.sigmoid(alpha * $0) }
        case .tanh: map(&run) { VectorMath.tanh($0) }
        case .exp: map(&run) { VectorMath.exp($0) }
        case .erf: map(&run) { VectorMath.erf($0) }
        case .gelu: map(&run) { 0.5 * $0 * (1 + VectorMath.erf($0 * 0.707_106_781)) }
        case .hardSigmoid(let alpha, let beta):
            map(&run) {
                let x = alpha * $0 + beta
                let low = x < 0 ? 0 : x
                return low > 1 ? 1 : low
            }
        case .hardSwish:
            map(&run) {
                let x = $0 * (1 / 6) + 0.5
                let low = x < 0 ? 0 : x
                return $0 * (low > 1 ? 1 : low)
            }
        case .squareRoot: map(&run) { $0.squareRoot() }
        case .reciprocal: map(&run) { 1 / $0 }
        case .absolute: map(&run) { $0.magnitude }
        case .negate: map(&run) { -$0 }
        case .scalar(let operation): operation.apply(inPlace: &run)
        }
    }

    @inline(__always)
    private func map(_ run: inout MutableSpan<Float>, _ function: (Float) -> Float) {
        for index in 0..<run.count { run[index] = function(run[index]) }
    }
}

/// A function of two `float32` operands, the running value first.
enum StageCombination: Sendable {
    /// The operand itself: how a chain begins.
    case load
    case add
    case subtract
    case subtractReversed
    case multiply
    case divide
    case divideReversed
    case maximum
    case minimum
    case leakyRelu

    /// The function of a broadcasting operator; nil when there is no kernel for it.
    init?(_ operation: any Operator, isReversed: Bool) {
        switch operation {
        case is Add: self = .add
        case is Sub: self = isReversed ? .subtractReversed : .subtract
        case is Mul: self = .multiply
        case is Div: self = isReversed ? .divideReversed : .divide
        case is Max: self = .maximum
        case is Min: self = .minimum
        case is PRelu where !isReversed: self = .leakyRelu
        default: return nil
        }
    }

    /// `run[i] = f(run[i], operand[i])`, or with `operand[0]` for every element when `operand` holds just one.
    func apply(to run: inout MutableSpan<Float>, _ operand: Span<Float>) {
        switch self {
        case .load: map(&run, operand) { $1 }
        case .add: map(&run, operand) { $0 + $1 }
        case .subtract: map(&run, operand) { $0 - $1 }
        case .subtractReversed: map(&run, operand) { $1 - $0 }
        case .multiply: map(&run, operand) { $0 * $1 }
        case .divide: map(&run, operand) { $0 / $1 }
        case .divideReversed: map(&run, operand) { $1 / $0 }
        case .maximum: map(&run, operand) { $0.isNaN || $0 > $1 ? $0 : $1 }
        case .minimum: map(&run, operand) { $0.isNaN || $0 < $1 ? $0 : $1 }
        case .leakyRelu: map(&run, operand) { $0 < 0 ? $1 * $0 : $0 }
        }
    }

    @inline(__always)
    private func map(_ run: inout MutableSpan<Float>, _ operand: Span<Float>, _ function: (Float, Float) -> Float) {
        if operand.count == 1 {
            let scalar = operand[0]
            for index in 0..<run.count { run[index] = function(run[index], scalar) }
        } else {
            precondition(operand.count == run.count, "operand run of \(operand.count) for \(run.count) elements")
            for index in 0..<run.count { run[index] = function(run[index], operand[index]) }
        }
    }
}
