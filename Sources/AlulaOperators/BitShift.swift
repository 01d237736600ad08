// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst = left << right` or `left >> right`, element by element, with broadcasting.
///
/// left, right: unsigned integers of one type whose shapes broadcast; dst: the joint shape. Shifting by the type's width
/// or more gives 0. Source: ONNX BitShift, opset 11.
public struct BitShift: BitwiseOperator {
    /// `BitShift`.
    public static let name = "BitShift"
    /// Unsigned integers.
    public static let supportedDataTypes: Set<DataType> = [.uint8, .uint16, .uint32, .uint64]

    /// Whether bits move toward the most significant one.
    public var shiftsLeft: Bool

    /// A shift to the left or to the right.
    public init(shiftsLeft: Bool) { self.shiftsLeft = shiftsLeft }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        shiftsLeft = try attributes.bool("shiftsLeft", for: Self.name)
    }

    /// `shiftsLeft`.
    public var attributes: Attributes { ["shiftsLeft": .integer(shiftsLeft ? 1 : 0)] }

    /// The scalar function.
    public func combine<T: IntegerElement>(_ left: T, _ right: T) -> T { shiftsLeft ? left << right : left >> right }
}
