// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A function of one `float32` operand that ``VectorFunctionEmitter`` emits on values in registers.
///
/// Special values are the scalar operator's: NaN stays NaN, infinities give what the operator gives.
package enum VectorFunction: Hashable, Sendable {
    case identity
    case relu
    case leakyRelu(alpha: Float)
    case thresholdedRelu(alpha: Float)
    /// Bounds that do not bound are infinite.
    case clip(minimum: Float, maximum: Float)
    case sigmoid
    case swish(alpha: Float)
    case hardSigmoid(alpha: Float, beta: Float)
    case hardSwish
    case tanh
    case exp
    case log
    case erf
    /// With the error function.
    case gelu
    /// With the hyperbolic tangent.
    case geluTanh
    case softplus
    case softsign
    case mish
    /// `x < 0 ? α·(e^x - 1) : x`.
    case elu(alpha: Float)
    case selu(alpha: Float, gamma: Float)
    /// `x < 0 ? α·(e^(x/α) - 1) : x` with positive α.
    case celu(alpha: Float)
    case squareRoot
    case reciprocal
    case absolute
    case negate
    case floor
    case ceiling
    case round
    case sign
    /// `x` to one of ``powers``.
    case power(Float)

    /// Exponents ``power(_:)`` has code for.
    package static let powers: Set<Float> = [-3, -2, -1, -0.5, 0.5, 1, 2, 3, 4, 5, 6, 7, 8]

    /// The function of an operator with one operand; nil when there is no code for it.
    package init?(_ operation: any Operator) {
        guard let function = Self.rectifier(operation) ?? Self.smooth(operation) ?? Self.arithmetic(operation) else {
            return nil
        }
        self = function
    }

    private static func rectifier(_ operation: any Operator) -> VectorFunction? {
        switch operation {
        case is Relu: .relu
        case let leaky as LeakyRelu: .leakyRelu(alpha: leaky.alpha)
        case let thresholded as ThresholdedRelu: .thresholdedRelu(alpha: thresholded.alpha)
        case let clip as Clip: .clip(minimum: clip.minimum ?? -.infinity, maximum: clip.maximum ?? .infinity)
        case let hard as HardSigmoid: .hardSigmoid(alpha: hard.alpha, beta: hard.beta)
        case is HardSwish: .hardSwish
        default: nil
        }
    }

    private static func smooth(_ operation: any Operator) -> VectorFunction? {
        switch operation {
        case is Sigmoid: .sigmoid
        case let swish as Swish: .swish(alpha: swish.alpha)
        case is Tanh: .tanh
        case is Exp: .exp
        case is Log: .log
        case is Erf: .erf
        case let gelu as Gelu: gelu.usesTanh ? .geluTanh : .gelu
        case is Softplus: .softplus
        case is Softsign: .softsign
        case is Mish: .mish
        case let elu as Elu: .elu(alpha: elu.alpha)
        case let selu as Selu: .selu(alpha: selu.alpha, gamma: selu.gamma)
        case let celu as Celu where celu.alpha > 0: .celu(alpha: celu.alpha)
        default: nil
        }
    }

    private static func arithmetic(_ operation: any Operator) -> VectorFunction? {
        switch operation {
        case is Identity: .identity
        case is Sqrt: .squareRoot
        case is Reciprocal: .reciprocal
        case is Abs: .absolute
        case is Neg: .negate
        case is Floor: .floor
        case is Ceil: .ceiling
        case is Round: .round
        case is Sign: .sign
        default: nil
        }
    }

    /// Whether finite numbers give finite numbers, unless they overflow.
    var keepsFinite: Bool {
        switch self {
        case .exp, .log, .squareRoot, .reciprocal: false
        case .power(let exponent): exponent > 0 && exponent != 0.5
        default: true
        }
    }

    /// Whether the function takes tens of instructions.
    var isTranscendental: Bool {
        switch self {
        case .sigmoid, .swish, .tanh, .exp, .log, .erf, .gelu, .geluTanh, .softplus, .mish, .elu, .selu, .celu: true
        default: false
        }
    }

    /// The function's part of a kernel identifier.
    package var name: String {
        switch self {
        case .identity: "identity"
        case .relu: "relu"
        case .leakyRelu: "leakyrelu"
        case .thresholdedRelu: "thresholdedrelu"
        case .clip: "clip"
        case .sigmoid: "sigmoid"
        case .swish: "swish"
        case .hardSigmoid: "hardsigmoid"
        case .hardSwish: "hardswish"
        case .tanh: "tanh"
        case .exp: "exp"
        case .log: "log"
        case .erf: "erf"
        case .gelu: "gelu"
        case .geluTanh: "gelutanh"
        case .softplus: "softplus"
        case .softsign: "softsign"
        case .mish: "mish"
        case .elu: "elu"
        case .selu: "selu"
        case .celu: "celu"
        case .squareRoot: "sqrt"
        case .reciprocal: "reciprocal"
        case .absolute: "abs"
        case .negate: "neg"
        case .floor: "floor"
        case .ceiling: "ceil"
        case .round: "round"
        case .sign: "sign"
        case .power: "pow"
        }
    }
}
