// SPDX-License-Identifier: Apache-2.0

/// The element type of a tensor.
///
/// Raw values are ONNX's `TensorProto.DataType` numbers; plans store them. TensorRT counterpart: `DataType`.
public enum DataType: UInt8, Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary32.
    case float32 = 1
    /// Unsigned 8-bit integer.
    case uint8 = 2
    /// Signed 8-bit integer.
    case int8 = 3
    /// Unsigned 16-bit integer.
    case uint16 = 4
    /// Signed 16-bit integer.
    case int16 = 5
    /// Signed 32-bit integer.
    case int32 = 6
    /// Signed 64-bit integer.
    case int64 = 7
    /// One byte an element: 0 is false, 1 is true.
    case bool = 9
    /// IEEE 754 binary16; stored, computed in `float32`.
    case float16 = 10
    /// IEEE 754 binary64.
    case float64 = 11
    /// Unsigned 32-bit integer.
    case uint32 = 12
    /// Unsigned 64-bit integer.
    case uint64 = 13

    /// Bytes one element takes.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16: 2
        case .float32, .int32, .uint32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// Whether elements are IEEE floating-point numbers.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .float32, .float64: true
        default: false
        }
    }

    /// Whether elements are integers, signed or not; `bool` is not.
    public var isInteger: Bool { !isFloatingPoint && self != .bool }
}

extension DataType: CustomStringConvertible {
    /// NumPy's name of the type, e.g. `float32`.
    public var description: String {
        switch self {
        case .float32: "float32"
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .bool: "bool"
        case .float16: "float16"
        case .float64: "float64"
        case .uint32: "uint32"
        case .uint64: "uint64"
        }
    }
}
