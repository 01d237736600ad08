// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars

/// Reads the vertices of Stanford's polygon files: `ascii`, `binary_little_endian`, `binary_big_endian`.
///
/// Source: Greg Turk, "The PLY Polygon File Format".
struct PLYFile {
    private struct Element {
        var name: String
        var count: Int
        var properties: [(name: String, kind: ScalarKind)] = []
        var hasList = false

        var byteCount: Int { properties.reduce(0) { $0 + $1.kind.byteCount } * count }
    }

    private let path: String
    private let bytes: [UInt8]
    private var elements: [Element] = []
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
        guard bytes.starts(with: Array("ply".utf8)) else { throw refusal("no 'ply' at the start", "a .ply file") }
        var position = 0
        while true {
            guard let end = bytes[position...].firstIndex(of: 0x0A), end - position < 4096 else {
                throw refusal("a header without an end", "'end_header'")
            }
            let words = String(decoding: bytes[position..<end], as: UTF8.self).split(whereSeparator: \.isWhitespace)
                .map(String.init)
            position = end + 1
            if words == ["end_header"] { break }
            try readLine(words)
        }
        start = position
    }

    private mutating func readLine(_ words: [String]) throws(CommandError) {
        switch words.first {
        case "format" where words.count >= 2: encoding = words[1]
        case "element" where words.count == 3:
            guard let count = Int(words[2]), (0...1 << 28).contains(count) else {
                throw refusal("element count '\(words[2])'", "a number")
            }
            elements.append(Element(name: words[1], count: count))
        case "property" where words.count >= 3 && !elements.isEmpty:
            let last = elements.count - 1
            if words[1] == "list" {
                elements[last].hasList = true
            } else if let kind = Self.kind(words[1]) {
                elements[last].properties.append((words[2], kind))
            } else {
                throw refusal("property type '\(words[1])'", "char, uchar, short, ushort, int, uint, float, double")
            }
        default: break
        }
    }

    private static func kind(_ name: String) -> ScalarKind? {
        switch name {
        case "char", "int8": .signed(byteCount: 1)
        case "uchar", "uint8": .unsigned(byteCount: 1)
        case "short", "int16": .signed(byteCount: 2)
        case "ushort", "uint16": .unsigned(byteCount: 2)
        case "int", "int32": .signed(byteCount: 4)
        case "uint", "uint32": .unsigned(byteCount: 4)
        case "float", "float32": .float32
        case "double", "float64": .float64
        default: nil
        }
    }

    // MARK: - Data

    /// The vertices: x, y, z, intensity (0 where the file has none).
    func cloud() throws(CommandError) -> PointCloud {
        guard let index = elements.firstIndex(where: { $0.name == "vertex" }) else {
            throw refusal("elements \(elements.map(\.name).joined(separator: ", "))", "one called 'vertex'")
        }
        let vertex = elements[index]
        guard let columns = PointColumns(vertex.properties.map(\.name)), !vertex.hasList,
            !elements[..<index].contains(where: \.hasList)
        else {
            throw refusal(
                "vertex properties \(vertex.properties.map(\.name).joined(separator: " "))",
                "x, y and z among them, and no lists up to the vertices"
            )
        }
        let values: [Float]
        switch encoding {
        case "ascii": values = try readText(vertex, columns, skipping: elements[..<index].reduce(0) { $0 + $1.count })
        case "binary_little_endian", "binary_big_endian":
            let place = elements[..<index].reduce(start) { $0 + $1.byteCount }
            values = try readRecords(vertex, columns, from: place, isBigEndian: encoding == "binary_big_endian")
        default: throw refusal("format '\(encoding)'", "ascii, binary_little_endian or binary_big_endian")
        }
        guard let cloud = PointCloud(values, fieldCount: 4) else {
            throw refusal("\(values.count) numbers", "whole points")
        }
        return cloud
    }

    private func readText(
        _ vertex: Element,
        _ columns: PointColumns,
        skipping lineCount: Int
    ) throws(CommandError) -> [Float] {
        let lines = bytes[start...].split(separator: 0x0A).dropFirst(lineCount)
        guard lines.count >= vertex.count else { throw refusal("\(lines.count) vertices", "\(vertex.count)") }
        var values: [Float] = []
        values.reserveCapacity(4 * vertex.count)
        for line in lines.prefix(vertex.count) {
            let words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            guard words.count >= vertex.properties.count else {
                throw refusal("a vertex of \(words.count) numbers", "\(vertex.properties.count)")
            }
            for column in columns.indices {
                let text = String(decoding: words[column], as: UTF8.self)
                guard let value = Float(text) else { throw refusal("'\(text)'", "a number") }
                values.append(value)
            }
            if columns.intensity == nil { values.append(0) }
        }
        return values
    }

    private func readRecords(
        _ vertex: Element,
        _ columns: PointColumns,
        from place: Int,
        isBigEndian: Bool
    ) throws(CommandError) -> [Float] {
        guard bytes.count - place >= vertex.byteCount else {
            throw refusal("\(max(bytes.count - place, 0)) bytes of vertices", "\(vertex.byteCount)")
        }
        let stride = vertex.count == 0 ? 0 : vertex.byteCount / vertex.count
        var offsets: [Int] = []
        for column in columns.indices {
            offsets.append(vertex.properties[..<column].reduce(0) { $0 + $1.kind.byteCount })
        }
        let reader = ByteReader(bytes)
        var values = [Float](repeating: 0, count: 4 * vertex.count)
        for point in 0..<vertex.count {
            for (position, column) in columns.indices.enumerated() {
                values[4 * point + position] = vertex.properties[column].kind.read(
                    reader,
                    at: place + point * stride + offsets[position],
                    isBigEndian: isBigEndian
                )
            }
        }
        return values
    }
}
