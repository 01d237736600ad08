// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left modulo right`, element by element, with broadcasting.
///
/// left, right: numeric tensors of one type whose shapes broadcast; dst: the joint shape. The result has the sign of
/// `right` as in Python, or of `left` as in C's `fmod`; floating point knows the latter only. Modulo integer zero is 0.
/// Source: ONNX Mod, opset 13.
public struct Mod: BinaryArithmeticOperator {
    /// `Mod`.
    public static let name = "Mod"

    /// Whether the result has the dividend's sign.
    public var keepsDividendSign: Bool

    /// A remainder with the dividend's or the divisor's sign.
    public init(keepsDividendSign: Bool = false) { self.keepsDividendSign = keepsDividendSign }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        keepsDividendSign = try attributes.bool("keepsDividendSign", for: Self.name)
    }

    /// `keepsDividendSign`.
    public var attributes: Attributes { ["keepsDividendSign": .integer(keepsDividendSign ? 1 : 0)] }

    /// The scalar function on floating-point numbers.
    public func combine<T: FloatElement>(_ left: T, _ right: T) -> T {
        let remainder = left.truncatingRemainder(dividingBy: right)
        if keepsDividendSign || remainder == 0 || (remainder < 0) == (right < 0) { return remainder }
        return remainder + right
    }

    /// The scalar function on integers.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T {
        guard right != 0 else { return 0 }
        let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
        if keepsDividendSign || remainder == 0 || (remainder < 0) == (right < 0) { return remainder }
        return remainder &+ right
    }
}
