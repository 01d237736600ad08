// SPDX-License-Identifier: Apache-2.0

/// A Swift type that is the memory layout of one ``DataType``.
///
/// Conforming types are trivial (no references), so their bytes can be copied.
public protocol Element: BitwiseCopyable, Sendable, Equatable {
    /// The data type this Swift type stores.
    static var dataType: DataType { get }
    /// The value zero, or false.
    static var zeroElement: Self { get }
}

/// An element that is a number: everything but ``Bool``.
public protocol NumericElement: Element, Comparable, Numeric {
    /// Converts with ONNX Cast's rules: floating point truncates toward zero, out-of-range integers wrap,
    /// out-of-range floating point saturates at the type's limits, NaN becomes zero in integers.
    init(converting value: Double)
    /// Converts an integer; narrower integers keep the low bits.
    init(converting value: Int64)
    /// The value as a double, rounded where 64-bit integers do not fit.
    var asDouble: Double { get }
    /// The value as a 64-bit integer: truncated toward zero, saturated; the bits of `UInt64` are kept.
    var asInt64: Int64 { get }
}

/// An element that is a floating-point number.
public protocol FloatElement: NumericElement, BinaryFloatingPoint {}

/// An element that is an integer.
public protocol IntegerElement: NumericElement, FixedWidthInteger {}

extension Bool: Element {
    /// `bool`.
    public static var dataType: DataType { .bool }
    /// False.
    public static var zeroElement: Bool { false }
}

extension FloatElement {
    /// Zero.
    public static var zeroElement: Self { 0 }
    /// Rounds `value` to the type.
    public init(converting value: Double) { self = Self(value) }
    /// Rounds `value` to the type.
    public init(converting value: Int64) { self = Self(value) }
    /// The value, exact.
    public var asDouble: Double { Double(self) }
    /// The value truncated toward zero and saturated; NaN is zero.
    public var asInt64: Int64 { Int64(saturating: Double(self)) }
}

extension IntegerElement {
    /// Zero.
    public static var zeroElement: Self { 0 }
    /// Truncates toward zero, then keeps the low bits; NaN is zero.
    public init(converting value: Double) {
        if Self.self == UInt64.self, value >= 0x1p63 {
            self = Self(truncatingIfNeeded: value >= 0x1p64 ? UInt64.max : UInt64(value))
        } else {
            self = Self(truncatingIfNeeded: Int64(saturating: value))
        }
    }
    /// Keeps the low bits of `value`.
    public init(converting value: Int64) { self = Self(truncatingIfNeeded: value) }
    /// The value, rounded where it does not fit.
    public var asDouble: Double { Double(self) }
    /// The low 64 bits of the value.
    public var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
}

extension Int64 {
    /// Truncates `value` toward zero and saturates at the limits; NaN is zero.
    package init(saturating value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= 0x1p63 {
            self = .max
        } else if value < -0x1p63 {
            self = .min
        } else {
            self = Int64(value)
        }
    }
}

extension Float: FloatElement {
    /// `float32`.
    public static var dataType: DataType { .float32 }
}
extension Double: FloatElement {
    /// `float64`.
    public static var dataType: DataType { .float64 }
}
extension Float16: FloatElement {
    /// `float16`.
    public static var dataType: DataType { .float16 }
}
extension Int8: IntegerElement {
    /// `int8`.
    public static var dataType: DataType { .int8 }
}
extension Int16: IntegerElement {
    /// `int16`.
    public static var dataType: DataType { .int16 }
}
extension Int32: IntegerElement {
    /// `int32`.
    public static var dataType: DataType { .int32 }
}
extension Int64: IntegerElement {
    /// `int64`.
    public static var dataType: DataType { .int64 }
}
extension UInt8: IntegerElement {
    /// `uint8`.
    public static var dataType: DataType { .uint8 }
}
extension UInt16: IntegerElement {
    /// `uint16`.
    public static var dataType: DataType { .uint16 }
}
extension UInt32: IntegerElement {
    /// `uint32`.
    public static var dataType: DataType { .uint32 }
}
extension UInt64: IntegerElement {
    /// `uint64`.
    public static var dataType: DataType { .uint64 }
}

extension DataType {
    /// Calls `body` with the Swift type that stores this data type.
    public func withElementType<R, E: Error>(_ body: (any Element.Type) throws(E) -> R) throws(E) -> R {
        if let numeric = numericElementType { return try body(numeric) }
        return try body(Bool.self)
    }

    /// The Swift type that stores this data type; nil for `bool`.
    public var numericElementType: (any NumericElement.Type)? {
        switch self {
        case .float32: Float.self
        case .float16: Float16.self
        case .float64: Double.self
        case .int8: Int8.self
        case .int16: Int16.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .uint8: UInt8.self
        case .uint16: UInt16.self
        case .uint32: UInt32.self
        case .uint64: UInt64.self
        case .bool: nil
        }
    }

    /// The Swift type of a floating-point data type; nil for others.
    public var floatElementType: (any FloatElement.Type)? {
        switch self {
        case .float32: Float.self
        case .float16: Float16.self
        case .float64: Double.self
        default: nil
        }
    }
}
