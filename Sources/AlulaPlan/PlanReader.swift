// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Reads little-endian fields from untrusted bytes; every read is checked against the section's end.
struct PlanReader {
    private let file: Tensor
    private let sectionName: String
    private let range: Range<Int>
    /// The next byte, from the start of the file.
    private(set) var position: Int

    /// Reads bytes `range` of `file`, a contiguous uint8 tensor.
    init(_ file: Tensor, section sectionName: String, range: Range<Int>) {
        self.file = file
        self.sectionName = sectionName
        self.range = range
        position = range.lowerBound
    }

    private var remainingByteCount: Int { range.upperBound - position }

    /// An error that names this place.
    func malformed(_ what: String, got: String, expected: String) -> PlanError {
        .malformed(what: what, location: "section '\(sectionName)', byte \(position)", got: got, expected: expected)
    }

    private func require(_ byteCount: Int, _ what: String) throws(PlanError) {
        guard byteCount <= remainingByteCount else {
            throw malformed(what, got: "\(remainingByteCount) bytes to the end", expected: "\(byteCount)")
        }
    }

    // MARK: - Numbers

    mutating func skip(byteCount: Int) { position = min(range.upperBound, position + byteCount) }

    mutating func byte(_ what: String) throws(PlanError) -> UInt8 {
        try require(1, what)
        defer { position += 1 }
        return file.span(of: UInt8.self)[position]
    }

    mutating func word32(_ what: String) throws(PlanError) -> UInt32 {
        try require(4, what)
        let file = file
        let span = file.span(of: UInt8.self)
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(span[position + index]) << UInt32(8 * index) }
        position += 4
        return word
    }

    mutating func integer(_ what: String) throws(PlanError) -> Int {
        try require(8, what)
        let file = file
        let span = file.span(of: UInt8.self)
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(span[position + index]) << UInt64(8 * index) }
        position += 8
        return Int(Int64(bitPattern: word))
    }

    /// An integer in `range`.
    mutating func integer(in range: ClosedRange<Int>, _ what: String) throws(PlanError) -> Int {
        let value = try integer(what)
        guard range.contains(value) else { throw malformed(what, got: "\(value)", expected: "\(range)") }
        return value
    }

    /// How many entries of at least `entryByteCount` bytes follow; never more than the section can hold.
    mutating func count(_ what: String, entryByteCount: Int) throws(PlanError) -> Int {
        let count = try integer(what)
        guard count >= 0, count <= remainingByteCount / entryByteCount else {
            throw malformed(
                "number of \(what)",
                got: "\(count)",
                expected: "0...\(remainingByteCount / entryByteCount), the rest of the section"
            )
        }
        return count
    }

    mutating func float(_ what: String) throws(PlanError) -> Float { Float(bitPattern: try word32(what)) }

    // MARK: - Composites

    mutating func bytes(_ byteCount: Int, _ what: String) throws(PlanError) -> [UInt8] {
        try require(byteCount, what)
        defer { position += byteCount }
        return file.slice(position..<position + byteCount).elements(as: UInt8.self)
    }

    mutating func string(_ what: String) throws(PlanError) -> String {
        let byteCount = try count(what, entryByteCount: 1)
        let bytes = try bytes(byteCount, what)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw malformed(what, got: "broken UTF-8", expected: "UTF-8 text")
        }
        return text
    }

    mutating func integers(_ what: String) throws(PlanError) -> [Int] {
        let count = try count(what, entryByteCount: 8)
        var values: [Int] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try integer(what)) }
        return values
    }

    mutating func shape(_ what: String) throws(PlanError) -> Shape {
        let extents = try integers(what)
        guard let shape = Shape(checking: extents) else {
            throw malformed(what, got: "\(extents)", expected: "extents of at most 2^48 elements")
        }
        return shape
    }

    mutating func dataType(_ what: String) throws(PlanError) -> DataType {
        let raw = try byte(what)
        guard let type = DataType(rawValue: raw) else {
            throw malformed(what, got: "\(raw)", expected: "one of \(DataType.allCases.map(\.rawValue))")
        }
        return type
    }

    /// Indices below `limit`; -1 reads as nil.
    mutating func indices(below limit: Int, _ what: String) throws(PlanError) -> [Int?] {
        var indices: [Int?] = []
        for index in try integers(what) {
            guard index >= -1, index < limit else {
                throw malformed(what, got: "\(index)", expected: "-1..<\(limit)")
            }
            indices.append(index < 0 ? nil : index)
        }
        return indices
    }

    // MARK: - Operators

    mutating func operatorDescription(depth: Int = 0) throws(PlanError) -> OperatorDescription {
        guard depth <= PlanFormat.maximumOperatorDepth else {
            throw malformed(
                "nested operator",
                got: "depth \(depth)",
                expected: "\(PlanFormat.maximumOperatorDepth) or less"
            )
        }
        let name = try string("operator name")
        var attributes: [String: AttributeValue] = [:]
        for _ in 0..<(try count("attributes", entryByteCount: 9)) {
            let attribute = try string("attribute name")
            let value = try attributeValue(depth: depth)
            guard attributes.updateValue(value, forKey: attribute) == nil else {
                throw malformed("attribute name", got: "'\(attribute)' twice", expected: "distinct names")
            }
        }
        return OperatorDescription(name: name, attributes: Attributes(attributes))
    }

    private mutating func attributeValue(depth: Int) throws(PlanError) -> AttributeValue {
        let raw = try byte("attribute kind")
        guard let tag = AttributeTag(rawValue: raw) else {
            throw malformed("attribute kind", got: "\(raw)", expected: "0...6")
        }
        switch tag {
        case .integer: return .integer(try integer("attribute"))
        case .float: return .float(try float("attribute"))
        case .string: return .string(try string("attribute"))
        case .integers: return .integers(try integers("attribute"))
        case .floats:
            var values: [Float] = []
            for _ in 0..<(try count("floats", entryByteCount: 4)) { values.append(try float("attribute")) }
            return .floats(values)
        case .strings:
            var values: [String] = []
            for _ in 0..<(try count("strings", entryByteCount: 8)) { values.append(try string("attribute")) }
            return .strings(values)
        case .operators:
            var values: [OperatorDescription] = []
            for _ in 0..<(try count("operators", entryByteCount: 16)) {
                values.append(try operatorDescription(depth: depth + 1))
            }
            return .operators(values)
        }
    }
}
