// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// Reads and writes NumPy's `.npy` files, versions 1 to 3, little-endian, C order.
///
/// Source: NEP 1, "A Simple File Format for NumPy Arrays".
enum NumPyFile {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let descriptors: [(name: String, type: DataType)] = [
        ("<f4", .float32), ("<f2", .float16), ("<f8", .float64), ("|i1", .int8), ("<i2", .int16), ("<i4", .int32),
        ("<i8", .int64), ("|u1", .uint8), ("<u2", .uint16), ("<u4", .uint32), ("<u8", .uint64), ("|b1", .bool),
    ]

    // MARK: - Reading

    /// The array in the file at `path`.
    static func read(path: String) throws(CommandError) -> Tensor {
        let bytes = try readFile(path)
        guard bytes.count >= 10, Array(bytes.prefix(6)) == magic else {
            throw .badFile(path: path, got: "\(bytes.count) bytes without NumPy's magic", expected: "a .npy file")
        }
        let longHeader = bytes[6] >= 2
        let lengthByteCount = longHeader ? 4 : 2
        let start = 8 + lengthByteCount
        guard bytes.count >= start else {
            throw .badFile(path: path, got: "\(bytes.count) bytes", expected: "a whole .npy header")
        }
        let headerByteCount = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= start + headerByteCount else {
            throw .badFile(
                path: path,
                got: "\(bytes.count) bytes",
                expected: "a header of \(headerByteCount) bytes; the file is truncated"
            )
        }
        let header = String(decoding: bytes[start..<start + headerByteCount], as: UTF8.self)
        let type = try parseType(header, path)
        let shape = try parseShape(header, path)
        let data = bytes[(start + headerByteCount)...]
        guard let tensor = Tensor(copying: data, dataType: type, shape: shape) else {
            throw .badFile(
                path: path,
                got: "\(data.count) bytes of data",
                expected: "\(shape.elementCount * type.byteCount) for \(TensorType(type, shape))"
            )
        }
        return tensor
    }

    private static func parseType(_ header: String, _ path: String) throws(CommandError) -> DataType {
        let text = header.firstMatch(of: #/'descr'\s*:\s*'([^']*)'/#)?.1
        guard let entry = descriptors.first(where: { $0.name == text.map(String.init) }) else {
            throw .badFile(
                path: path,
                got: "element type '\(text ?? "none")'",
                expected: "one of \(descriptors.map(\.name).joined(separator: " "))"
            )
        }
        guard header.contains(#/'fortran_order'\s*:\s*False/#) else {
            throw .badFile(path: path, got: "Fortran order", expected: "C order (numpy.ascontiguousarray)")
        }
        return entry.type
    }

    private static func parseShape(_ header: String, _ path: String) throws(CommandError) -> Shape {
        guard let text = header.firstMatch(of: #/'shape'\s*:\s*\(([^)]*)\)/#)?.1 else {
            throw .badFile(path: path, got: "a header without a shape", expected: "'shape': (…)")
        }
        let fields = text.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        let extents = fields.compactMap(Int.init)
        guard extents.count == fields.count, let shape = Shape(checking: extents) else {
            throw .badFile(path: path, got: "shape (\(text))", expected: "non-negative extents")
        }
        return shape
    }

    // MARK: - Writing

    /// Writes `tensor` to `path`, all or nothing: an existing file is replaced only when the new one is complete.
    static func write(_ tensor: Tensor, path: String) throws(CommandError) {
        let name = descriptors.first { $0.type == tensor.dataType }?.name ?? "|V1"
        let extents = tensor.shape.extents.map(String.init).joined(separator: ", ")
        let shape = tensor.shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
        var header = "{'descr': '\(name)', 'fortran_order': False, 'shape': \(shape), }"
        let padding = 64 - (10 + header.utf8.count + 1) % 64
        header += String(repeating: " ", count: padding % 64) + "\n"
        var bytes = magic + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)]
        bytes.append(contentsOf: header.utf8)
        bytes.append(contentsOf: tensor.byteArray)
        try writeFile(bytes, path)
    }
}

/// A whole file, or the command's error.
func readFile(_ path: String) throws(CommandError) -> [UInt8] {
    do {
        return try Files.read(path)
    } catch {
        throw .system(error)
    }
}

/// Writes a whole file, all or nothing, or throws the command's error.
func writeFile(_ bytes: [UInt8], _ path: String) throws(CommandError) {
    do {
        try Files.write(bytes, to: path)
    } catch {
        throw .system(error)
    }
}
