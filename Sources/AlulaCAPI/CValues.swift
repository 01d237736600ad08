// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import CAlula

/// Writes a result through the caller's pointer.
///
/// - Safety: `pointer` is null or the caller's memory for one value.
@safe
func store<T>(_ value: T, _ pointer: UnsafeMutablePointer<T>?, _ name: StaticString) throws(ExecutionError) {
    guard let pointer = unsafe pointer else { throw .missing(name) }
    unsafe pointer.pointee = value
}

/// Checks beforehand that a result can be written.
///
/// - Safety: the pointer is only compared.
@safe
func require<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: StaticString) throws(ExecutionError) {
    guard unsafe pointer != nil else { throw .missing(name) }
}

/// The text behind a C string.
///
/// - Safety: `pointer` is null or a string that ends in zero, as C promises.
@safe
func string(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(ExecutionError) -> String {
    guard let pointer = unsafe pointer else { throw .missing(name) }
    return unsafe String(cString: pointer)
}

/// The value behind the caller's pointer.
///
/// - Safety: `pointer` is null or the address of one value.
@safe
func load<T>(_ pointer: UnsafePointer<T>?, _ name: StaticString) throws(ExecutionError) -> T {
    guard let pointer = unsafe pointer else { throw .missing(name) }
    return unsafe pointer.pointee
}

/// `count` values from the caller's pointer on.
///
/// - Safety: `start` is null with a count of zero, or the address of `count` values.
@safe
func array<T>(_ start: UnsafePointer<T>?, _ count: Int, _ name: StaticString) throws(ExecutionError) -> [T] {
    guard count > 0 else { return [] }
    guard let start = unsafe start else { throw .missing(name) }
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// A pointer of the caller's that is handed back to it, on whatever thread.
struct UserPointer: Sendable {
    private let bits: UInt

    /// - Safety: the number is only handed back.
    @safe
    init(_ pointer: UnsafeMutableRawPointer?) { bits = UInt(bitPattern: pointer) }

    /// The pointer, as it was given.
    @unsafe
    var pointer: UnsafeMutableRawPointer? { unsafe UnsafeMutableRawPointer(bitPattern: bits) }
}

/// A function of the caller's, which may be called on any thread: C says so in words, not in types.
@safe
struct UserFunction<Function>: Sendable {
    private let bits: UInt

    /// - Safety: the number is only made into the function again. `Function` is a C function pointer.
    @safe
    init?(_ function: Function?) {
        guard let function else { return nil }
        bits = unsafe unsafeBitCast(function, to: UInt.self)
    }

    /// The function, as it was given.
    @unsafe
    var call: Function { unsafe unsafeBitCast(bits, to: Function.self) }
}

/// Text that C may read for as long as this value lives.
struct CText: Sendable {
    private let bytes: Tensor

    init(_ text: String) {
        let utf8 = Array(text.utf8) + [0]
        bytes = Tensor(utf8, shape: [utf8.count])
    }

    /// The first byte.
    @unsafe
    var pointer: UnsafePointer<CChar>? { unsafe UnsafePointer(bitPattern: bytes.address) }
}

/// Texts given out to C, each kept until the pool goes.
struct CTextPool: Sendable {
    private var texts: [String: CText] = [:]

    /// The pooled copy of `text`.
    mutating func text(_ text: String) -> CText {
        if let known = texts[text] { return known }
        let made = CText(text)
        texts[text] = made
        return made
    }
}

extension DataType {
    /// The type with ONNX's number.
    init(c number: Int32) throws(ExecutionError) {
        guard let type = UInt8(exactly: number).flatMap(DataType.init(rawValue:)) else {
            throw .invalidArgument(
                .init("unknown data type", in: "C interface", got: "\(number)", expected: "one of alula_data_type")
            )
        }
        self = type
    }
}

extension alula_shape {
    /// A shape of unknown rank.
    static var unknown: alula_shape {
        var shape = alula_shape()
        shape.rank = -1
        return shape
    }

    /// The C form of extents; of unknown rank where nil.
    init(_ extents: [Int]?) throws(ExecutionError) {
        guard let extents else {
            self = .unknown
            return
        }
        let capacity = ALULA_MAX_RANK
        guard extents.count <= capacity else {
            throw .unsupportedState(
                .init("rank is too high for C", in: "shape", got: "\(extents.count)", expected: "at most \(capacity)")
            )
        }
        self.init()
        rank = Int32(extents.count)
        unsafe withUnsafeMutableBytes(of: &self.extents) { bytes in
            let places = unsafe bytes.bindMemory(to: Int64.self)
            for (axis, extent) in extents.enumerated() { unsafe places[axis] = Int64(extent) }
        }
    }

    /// The C form of declared extents: -1 where they vary.
    init(declared dimensions: [Dimension]?) throws(ExecutionError) {
        try self.init(dimensions?.map { $0.extent ?? -1 })
    }

    /// The extents; -1 for those that vary.
    var swiftExtents: [Int] {
        get throws(ExecutionError) {
            guard rank >= 0, rank <= Int32(ALULA_MAX_RANK) else {
                throw .invalidArgument(
                    .init("impossible rank", in: "shape", got: "\(rank)", expected: "0 to \(ALULA_MAX_RANK)")
                )
            }
            return unsafe withUnsafeBytes(of: extents) { bytes in
                unsafe bytes.bindMemory(to: Int64.self).prefix(Int(rank)).map(Int.init)
            }
        }
    }

    /// The shape, which must be fixed.
    func fixed(_ name: String) throws(ExecutionError) -> Shape {
        let extents = try swiftExtents
        guard let shape = Shape(checking: extents) else {
            throw .invalidArgument(
                .init("impossible shape", in: name, got: "\(extents)", expected: "extents of zero or more")
            )
        }
        return shape
    }

    /// The declared extents; -1 stands for one that varies, each on its own.
    func declared(_ name: StaticString) throws(ExecutionError) -> [Dimension] {
        let extents = try swiftExtents
        guard extents.allSatisfy({ $0 >= -1 }), Shape(checking: extents.filter { $0 >= 0 }) != nil else {
            throw .invalidArgument(
                .init("impossible extents", in: "\(name)", got: "\(extents)", expected: "-1, zero or more")
            )
        }
        return extents.map { $0 < 0 ? .symbolic("") : .fixed($0) }
    }
}
