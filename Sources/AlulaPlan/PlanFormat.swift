// SPDX-License-Identifier: Apache-2.0

/// The layout of a plan file, in one place.
///
/// A plan is a 256-byte header, a *description* section (bindings, values, steps) and a *weights* section (the content
/// of constants, each at a 256-byte boundary), all little-endian. Both sections start at a multiple of 256 bytes and
/// are padded with zeros to one, so that a mapped file can be used in place.
///
/// | Header byte | Content |
/// |---|---|
/// | 0 | magic: 8 bytes |
/// | 8 | byte-order mark: 4 bytes |
/// | 12 | format version: 4 bytes |
/// | 16 | byte count of the file: 8 bytes |
/// | 24 | description: offset, byte count, checksum: 3 × 8 bytes |
/// | 48 | weights: offset, byte count, checksum: 3 × 8 bytes |
/// | 72 | version of the library that wrote the plan: 32 bytes UTF-8, padded with zeros |
/// | 224 | checksum of bytes 0..<224: 8 bytes |
/// | 232 | zeros |
package enum PlanFormat {
    /// The format this library writes, and the newest it reads.
    package static let version = 2
    /// The library's version, kept in plans for reports.
    package static let producerVersion = "0.1.0"

    /// Like PNG's: a byte above 127 and line ends show transfers that changed bytes.
    static let magic: [UInt8] = [0x89, 0x41, 0x4C, 0x50, 0x0D, 0x0A, 0x1A, 0x0A]
    static let byteOrderMark: UInt32 = 0x0403_0201
    static let headerByteCount = 256
    static let producerVersionByteCount = 32
    static let checksummedHeaderByteCount = 224
    /// Alignment of sections and of every constant, in bytes.
    static let alignmentByteCount = 256
    /// How deeply operators may be nested in attributes: ``Fused`` holds plain operators only.
    static let maximumOperatorDepth = 2
    /// Far above any network; planning memory takes time that grows with the square of the number of steps.
    static let maximumStepCount = 1 << 16

    /// What bytes that are no plan look like; nil when nothing known.
    static func guess(_ prefix: [UInt8]) -> String? {
        func starts(_ text: String) -> Bool { prefix.starts(with: Array(text.utf8)) }
        if starts("ftrt") || starts("ptrt") {
            return "a TensorRT engine; Alula cannot run those: build a plan from the ONNX model"
        }
        // ModelProto's first field is ir_version (field 1, varint); the next is producer_name, opset_import or graph.
        if prefix.count > 2, prefix[0] == 0x08, prefix[1] < 32,
            [0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42].contains(prefix[2])
        {
            return "an ONNX model; build a plan from it first"
        }
        if starts("PK\u{3}\u{4}") { return "a zip archive" }
        if starts("\u{7F}ELF") { return "a program" }
        if starts("\u{93}NUMPY") || prefix.dropFirst().starts(with: Array("NUMPY".utf8)) { return "a NumPy array" }
        return prefix.isEmpty ? "an empty file" : nil
    }
}

/// Where a section lies in the file and what its bytes sum up to.
struct PlanSection: Equatable {
    var byteOffset: Int
    var byteCount: Int
    var checksum: UInt64
}

extension Plan {
    /// Whether `bytes` begin like a plan file, of any version.
    package static func isPlan(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.prefix(PlanFormat.magic.count).elementsEqual(PlanFormat.magic)
    }
}
