// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A function of two `float32` operands; the running value comes first unless the name says otherwise.
package enum Combination: String, Hashable, Sendable, CaseIterable {
    case add
    case subtract
    /// `operand - value`.
    case subtractReversed
    case multiply
    case divide
    /// `operand / value`.
    case divideReversed
    /// NaN if either is NaN.
    case minimum
    /// NaN if either is NaN.
    case maximum
    /// `value < 0 ? operand · value : value`: the operand is a slope.
    case leakyRelu
    /// 1 where the question is answered yes, else 0; these are not arithmetic and end a chain.
    case equal, less, lessOrEqual, greater, greaterOrEqual

    /// The function of a broadcasting operator; nil when there is no code for it.
    package init?(_ operation: any Operator, isReversed: Bool) {
        switch operation {
        case is Add, is Sum: self = .add
        case is Sub: self = isReversed ? .subtractReversed : .subtract
        case is Mul: self = .multiply
        case is Div: self = isReversed ? .divideReversed : .divide
        case is Max: self = .maximum
        case is Min: self = .minimum
        case is PRelu where !isReversed: self = .leakyRelu
        default:
            guard let comparison = Self.comparison(operation, isReversed: isReversed) else { return nil }
            self = comparison
        }
    }

    private static func comparison(_ operation: any Operator, isReversed: Bool) -> Combination? {
        switch operation {
        case is Equal: .equal
        case is Less: isReversed ? .greater : .less
        case is LessOrEqual: isReversed ? .greaterOrEqual : .lessOrEqual
        case is Greater: isReversed ? .less : .greater
        case is GreaterOrEqual: isReversed ? .lessOrEqual : .greaterOrEqual
        default: nil
        }
    }

    /// The function's part of a kernel identifier.
    package var name: String {
        switch self {
        case .add: "add"
        case .subtract, .subtractReversed: "sub"
        case .multiply: "mul"
        case .divide, .divideReversed: "div"
        case .minimum: "min"
        case .maximum: "max"
        case .leakyRelu: "prelu"
        case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual: rawValue.lowercased()
        }
    }
}
