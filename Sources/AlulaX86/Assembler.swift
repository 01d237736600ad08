// SPDX-License-Identifier: Apache-2.0

/// Collects instructions as bytes. Runs nothing and knows no memory but its own array.
///
/// Every row of the instruction tables is a callable member: `asm.vfmadd231ps(accumulator, a, Memory(.rsi, 64))`.
/// Operands that no form takes are compile errors where Swift's types can say so; whatever else is wrong is kept as
/// the first ``EncodingError`` and thrown by ``finish()``, so a generator reads without `try` on every line.
///
/// Not `Sendable`: one assembler belongs to one generator run.
@dynamicMemberLookup
package final class Assembler {
    /// The code so far. Fields that name unbound labels are zero until ``finish()``.
    package private(set) var bytes: [UInt8] = []
    /// The first mistake; everything emitted after it is dropped.
    package private(set) var firstError: EncodingError?
    /// Asks for EVEX where VEX would do: 32 registers and no transition, at up to two bytes more.
    package var prefersEVEX = false

    /// Label positions in bytes, nil while unbound.
    private var positions: [Int?] = []
    private var references: [LabelReference] = []
    private var lines: [Listing.Line] = []
    private var pendingComment: String?
    private let recordsListing: Bool

    /// - Parameter recordsListing: whether ``MachineCode/listing`` is wanted; off saves time and memory.
    package init(recordsListing: Bool = false) {
        self.recordsListing = recordsListing
    }

    // MARK: Emission

    /// Emits `form` with untyped operands; typed calls and the encoding tests come through here.
    package func emit(_ form: InstructionForm, _ operands: [Operand], mask: Masking? = nil) {
        guard firstError == nil else { return }
        let instruction = Instruction(form: form, operands: operands, mask: mask, prefersEVEX: prefersEVEX)
        do throws(EncodingError) {
            let encoder = try InstructionEncoder(instruction)
            let start = bytes.count
            if let reference = encoder.encode(into: &bytes) { references.append(reference) }
            record(.instruction(instruction, encoder.encoding), from: start)
        } catch {
            firstError = error
        }
    }

    /// Appends bytes that are not instructions: constants a `[rip + label]` operand reads.
    package func data(_ values: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: values)
        record(.data, from: start)
    }

    /// Appends 32-bit constants, least significant byte first.
    package func data(_ values: [Float]) {
        data(values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } })
    }

    /// Pads with `nop`s until the position is a multiple of `byteCount`, a power of two up to 4096.
    package func align(to byteCount: Int) {
        guard (1...4096).contains(byteCount), byteCount & (byteCount - 1) == 0 else {
            return fail(.invalidAlignment(byteCount))
        }
        let start = bytes.count
        var missing = (byteCount - bytes.count % byteCount) % byteCount
        while missing > 0 {
            let length = min(missing, NoOperation.longest)
            bytes.append(contentsOf: NoOperation.bytes(count: length))
            missing -= length
        }
        if bytes.count > start { record(.padding, from: start) }
    }

    /// Puts `text` beside the next instruction of the listing.
    package func comment(_ text: @autoclosure () -> String) {
        if recordsListing { pendingComment = text() }
    }

    // MARK: Labels

    /// A label without a position yet.
    package func makeLabel() -> Label {
        positions.append(nil)
        return Label(index: positions.count - 1)
    }

    /// Gives `label` the current position.
    package func bind(_ label: Label) {
        guard positions.indices.contains(label.index) else { return fail(.foreignLabel(index: label.index)) }
        if let first = positions[label.index] {
            return fail(.labelBoundTwice(index: label.index, firstOffset: first, secondOffset: bytes.count))
        }
        positions[label.index] = bytes.count
        record(.label(label), from: bytes.count)
    }

    /// The position of `label`, or nil while it is unbound.
    package func position(of label: Label) -> Int? {
        positions.indices.contains(label.index) ? positions[label.index] : nil
    }

    // MARK: Jumps

    /// Emits a jump or call to `label`: one displacement byte if it is behind and near enough or asked for by
    /// `isShort`, four otherwise.
    func emitJump(_ mnemonic: String, short: [UInt8]?, near: [UInt8], to label: Label, isShort: Bool) {
        guard firstError == nil else { return }
        guard positions.indices.contains(label.index) else { return fail(.foreignLabel(index: label.index)) }
        let start = bytes.count
        var opcode = near
        var fieldByteCount = 4
        if let short {
            let reach = positions[label.index].map { $0 - (start + short.count + 1) }
            if isShort || reach.flatMap(Int8.init(exactly:)) != nil {
                opcode = short
                fieldByteCount = 1
            }
        }
        bytes.append(contentsOf: opcode)
        let field = bytes.count
        bytes.append(contentsOf: Array(repeating: 0, count: fieldByteCount))
        references.append(
            LabelReference(
                label: label,
                fieldOffset: field,
                fieldByteCount: fieldByteCount,
                originOffset: bytes.count,
                addend: 0
            )
        )
        record(.jump(mnemonic, label), from: start)
    }

    // MARK: Result

    /// The finished code, with every label filled in.
    ///
    /// - Throws: the first ``EncodingError`` of any call, or the first that filling in labels meets.
    package func finish() throws(EncodingError) -> MachineCode {
        if let firstError { throw firstError }
        var result = bytes
        for reference in references {
            guard positions.indices.contains(reference.label.index) else {
                throw .foreignLabel(index: reference.label.index)
            }
            guard let target = positions[reference.label.index] else {
                throw .unboundLabel(index: reference.label.index, usedAtOffset: reference.fieldOffset)
            }
            let distance = target + reference.addend - reference.originOffset
            guard reference.fieldByteCount == 4 || Int8(exactly: distance) != nil else {
                throw .shortJumpOutOfRange(atOffset: reference.fieldOffset - 1, distance: distance)
            }
            for index in 0..<reference.fieldByteCount {
                result[reference.fieldOffset + index] = UInt8(truncatingIfNeeded: distance >> (index * 8))
            }
        }
        return MachineCode(bytes: result, listing: Listing(lines: lines, bytes: result))
    }

    private func fail(_ error: EncodingError) {
        if firstError == nil { firstError = error }
    }

    private func record(_ content: Listing.Content, from start: Int) {
        guard recordsListing else { return }
        lines.append(Listing.Line(offset: start, byteCount: bytes.count - start, content, comment: pendingComment))
        if case .label = content { return }
        pendingComment = nil
    }
}

/// Finished code: position-independent bytes and, if asked for, their listing.
package struct MachineCode: Sendable {
    /// Ready to be copied into executable memory at any address.
    package let bytes: [UInt8]
    /// One line per instruction; empty unless the assembler recorded it.
    package let listing: Listing
}
