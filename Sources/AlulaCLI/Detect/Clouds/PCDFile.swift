// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars

/// Reads the Point Cloud Library's files: `ascii`, `binary` and `binary_compressed`.
///
/// Source: "The PCD (Point Cloud Data) file format", version 0.7.
struct PCDFile {
    private struct Field {
        var name: String
        var kind: ScalarKind
        var count: Int
    }

    private let path: String
    private let bytes: [UInt8]
    private var fields: [Field] = []
    private var pointCount = 0
    private var encoding = ""
    /// Where the data begins.
    private var start = 0

    /// Reads the header.
    init(_ bytes: [UInt8], path: String) throws(CommandError) {
        self.bytes = bytes
        self.path = path
        try readHeader()
    }

    private func refusal(_ got: String, _ expected: String) -> CommandError {
        .badFile(path: path, got: got, expected: expected)
    }

    // MARK: - Header

    private mutating func readHeader() throws(CommandError) {
        var entries: [String: [String]] = [:]
        var position = 0
        while entries["DATA"] == nil {
            guard let end = bytes[position...].firstIndex(of: 0x0A), end - position < 4096 else {
                throw refusal("a header without a DATA line", "a .pcd file")
            }
            let words = String(decoding: bytes[position..<end], as: UTF8.self).split(whereSeparator: \.isWhitespace)
                .map(String.init)
            if let key = words.first, !key.hasPrefix("#") { entries[key.uppercased()] = Array(words.dropFirst()) }
            position = end + 1
        }
        start = position
        encoding = entries["DATA"]?.first?.lowercased() ?? ""
        let names = entries["FIELDS"] ?? []
        let sizes = (entries["SIZE"] ?? []).compactMap { Int($0) }
        let types = entries["TYPE"] ?? []
        let counts = (entries["COUNT"] ?? names.map { _ in "1" }).compactMap { Int($0) }
        guard !names.isEmpty, sizes.count == names.count, types.count == names.count, counts.count == names.count else {
            throw refusal("FIELDS \(names), SIZE \(sizes), TYPE \(types), COUNT \(counts)", "as many of each")
        }
        for index in names.indices {
            guard let kind = Self.kind(types[index], sizes[index]), (1...4096).contains(counts[index]) else {
                throw refusal(
                    "field '\(names[index])' of type \(types[index]), size \(sizes[index]), count \(counts[index])",
                    "I or U with 1, 2, 4 or 8 bytes, F with 4 or 8"
                )
            }
            fields.append(Field(name: names[index], kind: kind, count: counts[index]))
        }
        let width = entries["WIDTH"]?.first.flatMap { Int($0) }
        let height = entries["HEIGHT"]?.first.flatMap { Int($0) } ?? 1
        let points = entries["POINTS"]?.first.flatMap { Int($0) } ?? width.map { $0 * height }
        guard let points, (0...1 << 28).contains(points) else {
            throw refusal("POINTS \(entries["POINTS"]?.first ?? "missing")", "a number of points")
        }
        pointCount = points
    }

    private static func kind(_ type: String, _ byteCount: Int) -> ScalarKind? {
        switch (type.uppercased(), byteCount) {
        case ("F", 4): .float32
        case ("F", 8): .float64
        case ("I", 1), ("I", 2), ("I", 4), ("I", 8): .signed(byteCount: byteCount)
        case ("U", 1), ("U", 2), ("U", 4), ("U", 8): .unsigned(byteCount: byteCount)
        default: nil
        }
    }

    // MARK: - Data

    /// The points: x, y, z, intensity (0 where the file has none).
    func cloud() throws(CommandError) -> PointCloud {
        guard let columns = PointColumns(fields.map(\.name)) else {
            throw refusal("fields \(fields.map(\.name).joined(separator: " "))", "x, y and z among them")
        }
        let values: [Float]
        switch encoding {
        case "ascii": values = try readText(columns)
        case "binary": values = try readRecords(columns)
        case "binary_compressed": values = try readCompressed(columns)
        default: throw refusal("DATA \(encoding)", "ascii, binary or binary_compressed")
        }
        guard let cloud = PointCloud(values, fieldCount: 4) else {
            throw refusal("\(values.count) numbers", "whole points")
        }
        return cloud
    }

    private func readText(_ columns: PointColumns) throws(CommandError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(4 * pointCount)
        // Where each field's first element stands in a line.
        var places: [Int] = []
        var elementCount = 0
        for field in fields {
            places.append(elementCount)
            elementCount += field.count
        }
        let lines = bytes[start...].split(separator: 0x0A)
        guard lines.count >= pointCount else {
            throw refusal("\(lines.count) lines of data", "\(pointCount), one a point")
        }
        for line in lines.prefix(pointCount) {
            let words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            guard words.count >= elementCount else {
                throw refusal("a line of \(words.count) numbers", "\(elementCount)")
            }
            for column in columns.indices {
                let text = String(decoding: words[places[column]], as: UTF8.self)
                guard let value = Float(text) else { throw refusal("'\(text)'", "a number") }
                values.append(value)
            }
            if columns.intensity == nil { values.append(0) }
        }
        return values
    }

    private func readRecords(_ columns: PointColumns) throws(CommandError) -> [Float] {
        let stride = fields.reduce(0) { $0 + $1.kind.byteCount * $1.count }
        guard bytes.count - start >= stride * pointCount else {
            throw refusal("\(bytes.count - start) bytes of data", "\(stride * pointCount) for \(pointCount) points")
        }
        let reader = ByteReader(bytes)
        return gather(columns) { point, column in
            var place = start + point * stride
            for field in fields[..<column] { place += field.kind.byteCount * field.count }
            return fields[column].kind.read(reader, at: place)
        }
    }

    /// Field after field, all points of one before the next, packed with LZF.
    private func readCompressed(_ columns: PointColumns) throws(CommandError) -> [Float] {
        guard bytes.count - start >= 8 else {
            throw refusal("\(bytes.count - start) bytes of data", "two sizes and the packed points")
        }
        let header = ByteReader(bytes)
        let packedByteCount = Int(header.unsigned(at: start, byteCount: 4))
        let byteCount = Int(header.unsigned(at: start + 4, byteCount: 4))
        let expected = fields.reduce(0) { $0 + $1.kind.byteCount * $1.count } * pointCount
        guard byteCount == expected, packedByteCount <= bytes.count - start - 8 else {
            throw refusal(
                "\(packedByteCount) packed bytes that become \(byteCount)",
                "\(expected) for \(pointCount) points, packed in the \(bytes.count - start - 8) bytes that follow"
            )
        }
        let packed = bytes[(start + 8)..<(start + 8 + packedByteCount)]
        guard let unpacked = unpackLZF(packed, byteCount: byteCount) else {
            throw refusal("damaged packed data", "LZF that unpacks to \(byteCount) bytes")
        }
        let reader = ByteReader(unpacked)
        return gather(columns) { point, column in
            var place = 0
            for field in fields[..<column] { place += field.kind.byteCount * field.count * pointCount }
            let width = fields[column].kind.byteCount
            return fields[column].kind.read(reader, at: place + point * width * fields[column].count)
        }
    }

    private func gather(_ columns: PointColumns, _ value: (_ point: Int, _ column: Int) -> Float) -> [Float] {
        var values = [Float](repeating: 0, count: 4 * pointCount)
        for point in 0..<pointCount {
            for (position, column) in columns.indices.enumerated() {
                values[4 * point + position] = value(point, column)
            }
        }
        return values
    }
}

/// Undoes Marc Lehmann's LZF: literal runs and copies of what was written before; nil when the data is damaged.
func unpackLZF(_ packed: ArraySlice<UInt8>, byteCount: Int) -> [UInt8]? {
    var unpacked: [UInt8] = []
    unpacked.reserveCapacity(byteCount)
    var position = packed.startIndex
    while position < packed.endIndex {
        let control = Int(packed[position])
        position += 1
        if control < 32 {
            guard position + control + 1 <= packed.endIndex else { return nil }
            unpacked.append(contentsOf: packed[position...position + control])
            position += control + 1
        } else {
            var length = control >> 5
            if length == 7 {
                guard position < packed.endIndex else { return nil }
                length += Int(packed[position])
                position += 1
            }
            guard position < packed.endIndex else { return nil }
            let source = unpacked.count - ((control & 31) << 8 | Int(packed[position])) - 1
            position += 1
            guard source >= 0 else { return nil }
            // The copy may read what it writes.
            for index in source..<source + length + 2 { unpacked.append(unpacked[index]) }
        }
        guard unpacked.count <= byteCount else { return nil }
    }
    return unpacked.count == byteCount ? unpacked : nil
}
