// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the message they claim to be, and where.
struct WireError: Error {
    /// Bytes from the start of the file.
    var byteOffset: Int
    /// What is wrong, without place.
    var reason: String
}

/// Reads protobuf's wire format from a range of a file, bounds-checked, without copying.
///
/// A reader sees one message; ``message(_:)`` gives a reader of a nested one. Lengths are checked against the enclosing
/// message before anything is made of them, and nesting is limited, so arbitrary bytes end in an error and nothing else.
/// Source: protobuf's encoding specification, proto2 and proto3.
struct WireReader: ~Escapable {
    /// Messages inside messages beyond this are refused: ONNX needs ten, subgraphs in subgraphs a few more.
    static let maximumDepth = 64

    /// The key of a field: its number and how its value is encoded.
    struct Field {
        var number: Int
        var type: UInt8
    }

    private let bytes: Span<UInt8>
    private let end: Int
    private let depth: Int
    /// Bytes from the start of the file to what is read next.
    private(set) var position: Int

    /// A reader of the message in `range` of `bytes`, which must contain it.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, range: Range<Int>, depth: Int = 0) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "message outside its file")
        self.bytes = bytes
        self.depth = depth
        position = range.lowerBound
        end = range.upperBound
    }

    /// The range from what is read next to the end of the message.
    var remainingRange: Range<Int> { position..<end }

    // MARK: - Fields

    /// The next field's key; nil at the end of the message.
    @_lifetime(self: copy self)
    mutating func nextField() throws(WireError) -> Field? {
        guard position < end else { return nil }
        let key = try rawVarint()
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw error("field number \(key >> 3)") }
        return Field(number: Int(key >> 3), type: UInt8(key & 7))
    }

    /// Passes over a field that is of no interest.
    @_lifetime(self: copy self)
    mutating func skip(_ field: Field) throws(WireError) {
        switch field.type {
        case 0: _ = try rawVarint()
        case 1: _ = try take(8)
        case 2: _ = try take(try length())
        case 5: _ = try take(4)
        default: throw error("wire type \(field.type) of field \(field.number)")
        }
    }

    /// An integer field; negative numbers as two's complement.
    @_lifetime(self: copy self)
    mutating func integer(_ field: Field) throws(WireError) -> Int {
        try require(field, type: 0)
        return Int(truncatingIfNeeded: try rawVarint())
    }

    /// A `float` field.
    @_lifetime(self: copy self)
    mutating func float(_ field: Field) throws(WireError) -> Float {
        try require(field, type: 5)
        return try fixedFloat()
    }

    /// The range of a bytes, string or message field in the file.
    @_lifetime(self: copy self)
    mutating func range(_ field: Field) throws(WireError) -> Range<Int> {
        try require(field, type: 2)
        return try take(try length())
    }

    /// A string field.
    ///
    /// - Throws: when the bytes are not UTF-8.
    @_lifetime(self: copy self)
    mutating func string(_ field: Field) throws(WireError) -> String {
        let range = try range(field)
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw WireError(byteOffset: range.lowerBound, reason: "text of field \(field.number) is not UTF-8")
        }
    }

    /// A bytes field read as text; bytes that are not UTF-8 become replacement characters.
    @_lifetime(self: copy self)
    mutating func text(_ field: Field) throws(WireError) -> String {
        let range = try range(field)
        return String(decoding: range.map { bytes[$0] }, as: UTF8.self)
    }

    /// A reader of a nested message.
    @_lifetime(copy self)
    mutating func message(_ field: Field) throws(WireError) -> WireReader {
        guard depth < Self.maximumDepth else { throw error("messages nested deeper than \(Self.maximumDepth)") }
        return WireReader(bytes, range: try range(field), depth: depth + 1)
    }

    // MARK: - Repeated fields, packed or not

    /// Appends the integers of a repeated field.
    @_lifetime(self: copy self)
    mutating func appendIntegers(_ field: Field, to list: inout [Int]) throws(WireError) {
        guard field.type == 2 else { return list.append(try integer(field)) }
        var packed = WireReader(bytes, range: try range(field))
        while packed.position < packed.end { list.append(Int(truncatingIfNeeded: try packed.rawVarint())) }
    }

    /// Appends the floats of a repeated field.
    @_lifetime(self: copy self)
    mutating func appendFloats(_ field: Field, to list: inout [Float]) throws(WireError) {
        guard field.type == 2 else { return list.append(try float(field)) }
        var packed = WireReader(bytes, range: try range(field))
        while packed.position < packed.end { list.append(try packed.fixedFloat()) }
    }

    /// Appends the doubles of a repeated field.
    @_lifetime(self: copy self)
    mutating func appendDoubles(_ field: Field, to list: inout [Double]) throws(WireError) {
        guard field.type == 2 else {
            try require(field, type: 1)
            return list.append(Double(bitPattern: try fixed(8)))
        }
        var packed = WireReader(bytes, range: try range(field))
        while packed.position < packed.end { list.append(Double(bitPattern: try packed.fixed(8))) }
    }

    // MARK: - Encodings

    /// An error at what is read next.
    func error(_ reason: String) -> WireError { WireError(byteOffset: position, reason: reason) }

    private func require(_ field: Field, type: UInt8) throws(WireError) {
        guard field.type == type else {
            throw error("field \(field.number): got wire type \(field.type), expected \(type)")
        }
    }

    @_lifetime(self: copy self)
    private mutating func fixedFloat() throws(WireError) -> Float {
        Float(bitPattern: UInt32(truncatingIfNeeded: try fixed(4)))
    }

    @_lifetime(self: copy self)
    private mutating func fixed(_ byteCount: Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for (index, place) in try take(byteCount).enumerated() { value |= UInt64(bytes[place]) << (8 * UInt64(index)) }
        return value
    }

    @_lifetime(self: copy self)
    private mutating func length() throws(WireError) -> Int {
        let value = try rawVarint()
        guard value <= UInt64(end - position) else {
            throw error("length \(value) exceeds the \(end - position) bytes left in the message")
        }
        return Int(value)
    }

    @_lifetime(self: copy self)
    private mutating func take(_ byteCount: Int) throws(WireError) -> Range<Int> {
        guard byteCount <= end - position else {
            throw error("\(byteCount) bytes needed, \(end - position) left in the message")
        }
        defer { position += byteCount }
        return position..<position + byteCount
    }

    @_lifetime(self: copy self)
    private mutating func rawVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw error(shift < 64 ? "number cut off by the end of the message" : "number of more than ten bytes")
    }
}
