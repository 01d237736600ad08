// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// The fixed-size start of a plan file; see ``PlanFormat`` for the layout.
struct PlanHeader: Equatable {
    var description: PlanSection
    var weights: PlanSection
    var producerVersion = PlanFormat.producerVersion

    init(description: PlanSection, weights: PlanSection) {
        self.description = description
        self.weights = weights
    }

    private var fileByteCount: Int { weights.byteOffset + weights.byteCount }

    /// The 256 bytes, as a uint8 tensor.
    var encoded: Tensor {
        var writer = PlanWriter()
        for byte in PlanFormat.magic { writer.put(byte) }
        writer.put(PlanFormat.byteOrderMark)
        writer.put(UInt32(PlanFormat.version))
        writer.put(fileByteCount)
        for section in [description, weights] {
            writer.put(section.byteOffset)
            writer.put(section.byteCount)
            writer.put(Int(Int64(bitPattern: section.checksum)))
        }
        let version = producerVersion.utf8.prefix(PlanFormat.producerVersionByteCount)
        for byte in version { writer.put(byte) }
        while writer.bytes.count < PlanFormat.checksummedHeaderByteCount { writer.put(UInt8(0)) }
        var sum = PlanChecksum()
        sum.update(Tensor(writer.bytes, shape: [writer.bytes.count]), paddedTo: PlanChecksum.stripeByteCount)
        writer.put(Int(Int64(bitPattern: sum.value)))
        while writer.bytes.count < PlanFormat.headerByteCount { writer.put(UInt8(0)) }
        return Tensor(writer.bytes, shape: [PlanFormat.headerByteCount])
    }

    /// Reads and checks the header of `file` (uint8): kind of file, byte order, version, checksum, section ranges.
    init(checking file: Tensor) throws(PlanError) {
        let prefixByteCount = min(file.byteCount, PlanFormat.headerByteCount)
        let prefix = file.slice(0..<prefixByteCount).elements(as: UInt8.self)
        let magic = PlanFormat.magic
        guard !prefix.isEmpty, prefix.prefix(magic.count).elementsEqual(magic.prefix(prefix.count)) else {
            throw .notAPlan(guess: PlanFormat.guess(prefix))
        }
        var reader = PlanReader(file, section: "header", range: 0..<prefixByteCount)
        guard prefixByteCount == PlanFormat.headerByteCount else {
            throw .truncated(byteCount: file.byteCount, expectedByteCount: PlanFormat.headerByteCount)
        }
        reader.skip(byteCount: magic.count)
        let mark = try reader.word32("byte-order mark")
        guard mark != PlanFormat.byteOrderMark.byteSwapped else { throw .foreign(byteOrderMark: mark) }
        let version = Int(try reader.word32("format version"))
        if mark == PlanFormat.byteOrderMark, version > PlanFormat.version {
            throw .newerVersion(got: version, supported: PlanFormat.version)
        }
        let fileByteCount = try reader.integer("file byte count")
        description = try reader.section()
        weights = try reader.section()
        let producer = try reader.bytes(PlanFormat.producerVersionByteCount, "producer version")
        reader.skip(byteCount: PlanFormat.checksummedHeaderByteCount - reader.position)
        let checksum = UInt64(bitPattern: Int64(try reader.integer("header checksum")))
        var sum = PlanChecksum()
        sum.update(
            file.slice(0..<PlanFormat.checksummedHeaderByteCount),
            paddedTo: PlanChecksum.stripeByteCount
        )
        guard sum.value == checksum, mark == PlanFormat.byteOrderMark, prefix[232...].allSatisfy({ $0 == 0 }) else {
            throw .checksumMismatch(section: "header")
        }
        guard version == PlanFormat.version else {
            throw reader.malformed("format version", got: "\(version)", expected: "1...\(PlanFormat.version)")
        }
        producerVersion = String(validating: producer.prefix { $0 != 0 }, as: UTF8.self) ?? "unknown"
        try checkRanges(fileByteCount: fileByteCount, in: file, reader)
    }

    private func checkRanges(fileByteCount: Int, in file: Tensor, _ reader: PlanReader) throws(PlanError) {
        guard fileByteCount >= PlanFormat.headerByteCount else {
            throw reader.malformed("file byte count", got: "\(fileByteCount)", expected: "256 or more")
        }
        guard file.byteCount >= fileByteCount else {
            throw .truncated(byteCount: file.byteCount, expectedByteCount: fileByteCount)
        }
        guard file.byteCount == fileByteCount else {
            throw reader.malformed("file length", got: "\(file.byteCount) bytes", expected: "\(fileByteCount)")
        }
        var end = PlanFormat.headerByteCount
        for (name, section) in [("description", description), ("weights", weights)] {
            guard section.byteOffset == end, section.byteCount >= 0,
                section.byteCount % PlanFormat.alignmentByteCount == 0,
                section.byteCount <= fileByteCount - section.byteOffset
            else {
                throw reader.malformed(
                    "range of section '\(name)'",
                    got: "\(section.byteCount) bytes at \(section.byteOffset)",
                    expected: "a multiple of 256 bytes at \(end), inside \(fileByteCount)"
                )
            }
            end = section.byteOffset + section.byteCount
        }
        guard end == fileByteCount else {
            throw reader.malformed("end of section 'weights'", got: "\(end)", expected: "\(fileByteCount)")
        }
    }
}

extension PlanReader {
    fileprivate mutating func section() throws(PlanError) -> PlanSection {
        let byteOffset = try integer("section offset")
        let byteCount = try integer("section byte count")
        let checksum = UInt64(bitPattern: Int64(try integer("section checksum")))
        return PlanSection(byteOffset: byteOffset, byteCount: byteCount, checksum: checksum)
    }
}

extension Tensor {
    /// Bytes `range` of a uint8 tensor of rank 1; the range lies inside it.
    func slice(_ range: Range<Int>) -> Tensor {
        let view = Tensor(
            dataType: .uint8,
            shape: [range.count],
            storage: storage,
            byteOffset: byteOffset + range.lowerBound
        )
        precondition(range.upperBound <= byteCount && view != nil, "bytes \(range) of \(byteCount)")
        return view ?? self
    }
}
