// SPDX-License-Identifier: Apache-2.0

/// A displacement that is known only when its label is bound.
struct LabelReference {
    let label: Label
    /// Where the field lies.
    let fieldOffset: Int
    /// Bytes in the field: 1 or 4.
    let fieldByteCount: Int
    /// The offset the processor counts from: the end of the instruction.
    let originOffset: Int
    /// Added to the label's position.
    let addend: Int
}

/// Turns one instruction into bytes: prefix, opcode, ModRM, SIB, displacement, immediate.
struct InstructionEncoder {
    let instruction: Instruction
    let encoding: Encoding
    let fields: EncodingFields

    /// Chooses an encoding and sorts the operands.
    init(_ instruction: Instruction) throws(EncodingError) {
        var encoding = try instruction.selectEncoding()
        if let swapped = Self.swapped(encoding, for: instruction) { encoding = swapped }
        self.instruction = instruction
        self.encoding = encoding
        fields = try EncodingFields(instruction, encoding)
    }

    /// The same move with source and destination fields swapped, if VEX gets one byte shorter by it.
    private static func swapped(_ encoding: Encoding, for instruction: Instruction) -> Encoding? {
        guard let opcode = encoding.swappedOpcode, !instruction.needsEVEX,
            case .vector(_, let source)? = instruction.operands.last,
            case .vector(_, let destination)? = instruction.operands.first,
            source > 7, destination < 8
        else { return nil }
        var result = encoding
        result.opcode = opcode
        result.prefix = encoding.swappedPrefix ?? encoding.prefix
        for index in result.operands.indices {
            switch result.operands[index].slot {
            case .reg: result.operands[index].slot = .rm
            case .rm: result.operands[index].slot = .reg
            default: break
            }
        }
        return result
    }

    /// Appends the bytes of the instruction to `bytes`.
    ///
    /// - Returns: what must be filled in once a label is bound, if the instruction names one.
    func encode(into bytes: inout [UInt8]) -> LabelReference? {
        var displacementScale = 1
        switch encoding.space {
        case .legacy(let width):
            writeLegacyPrefix(width, into: &bytes)
        case .vector(let vex, let evex):
            if let width = vex, !instruction.needsEVEX {
                writeVEX(width, into: &bytes)
            } else {
                writeEVEX(evex ?? .w0, into: &bytes)
                displacementScale = encoding.tuple.displacementUnit(
                    length: instruction.length,
                    isBroadcast: fields.isBroadcast
                )
            }
        }
        bytes.append(encoding.opcode + (fields.opcodeRegister ?? 0) & 7)
        let reference = writeOperand(displacementScale: displacementScale, into: &bytes)
        bytes.append(contentsOf: fields.immediate)
        return reference
    }

    /// The `L` field.
    private var lengthField: UInt8 { (encoding.fixedLength ?? instruction.length).rawValue }

    // MARK: Prefixes

    private func writeLegacyPrefix(_ width: WidthBit, into bytes: inout [UInt8]) {
        if let byte = encoding.prefix.legacyByte { bytes.append(byte) }
        let (x, b) = fields.extensionBits
        let rex = 0x40 | width.rawValue << 3 | fields.regBit3 << 2 | x << 1 | b
        if rex != 0x40 || fields.needsREX { bytes.append(rex) }
        switch encoding.map {
        case .primary: break
        case .m0F: bytes.append(0x0F)
        case .m0F38: bytes.append(contentsOf: [0x0F, 0x38])
        case .m0F3A: bytes.append(contentsOf: [0x0F, 0x3A])
        }
    }

    private func writeVEX(_ width: WidthBit, into bytes: inout [UInt8]) {
        let (x, b) = fields.extensionBits
        let notR = (fields.regBit3 ^ 1) << 7
        let tail = (~fields.vvvv & 15) << 3 | lengthField << 2 | encoding.prefix.rawValue
        if x == 0, b == 0, width == .w0, encoding.map == .m0F {
            bytes.append(contentsOf: [0xC5, notR | tail])
        } else {
            let second = notR | (x ^ 1) << 6 | (b ^ 1) << 5 | encoding.map.rawValue
            bytes.append(contentsOf: [0xC4, second, width.rawValue << 7 | tail])
        }
    }

    private func writeEVEX(_ width: WidthBit, into bytes: inout [UInt8]) {
        let (x, b) = fields.extensionBits
        let first = (fields.regBit3 ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (fields.regBit4 ^ 1) << 4
        let second = width.rawValue << 7 | (~fields.vvvv & 15) << 3 | 1 << 2 | encoding.prefix.rawValue
        let zeroing: UInt8 = instruction.mask?.isZeroing == true ? 1 : 0
        let broadcast: UInt8 = fields.isBroadcast ? 1 : 0
        let predicate = instruction.mask?.register.number ?? 0
        let third = zeroing << 7 | lengthField << 5 | broadcast << 4 | (fields.vvvvBit4 ^ 1) << 3 | predicate
        bytes.append(contentsOf: [0x62, first | encoding.map.rawValue, second, third])
    }

    // MARK: ModRM, SIB, displacement

    private func writeOperand(displacementScale: Int, into bytes: inout [UInt8]) -> LabelReference? {
        let reg = (fields.reg & 7) << 3
        switch fields.rm {
        case .none:
            if encoding.digit != nil { bytes.append(0xC0 | reg) }
            return nil
        case .register(let number):
            bytes.append(0xC0 | reg | number & 7)
            return nil
        case .memory(let address):
            switch address.base {
            case .register(let base):
                writeBased(address, base, reg, displacementScale, into: &bytes)
                return nil
            case .none:
                bytes.append(contentsOf: [reg | 0b100, address.sib(base: 0b101)])
                Self.append(Int32(truncatingIfNeeded: address.displacement), to: &bytes)
                return nil
            case .instructionPointer:
                bytes.append(reg | 0b101)
                Self.append(Int32(truncatingIfNeeded: address.displacement), to: &bytes)
                return nil
            case .label(let label):
                bytes.append(reg | 0b101)
                let field = bytes.count
                Self.append(0, to: &bytes)
                return LabelReference(
                    label: label,
                    fieldOffset: field,
                    fieldByteCount: 4,
                    originOffset: field + 4 + fields.immediate.count,
                    addend: address.displacement
                )
            }
        }
    }

    /// Writes `[base + index * scale + displacement]` with the shortest displacement that holds it.
    private func writeBased(
        _ address: Address,
        _ base: GPR64,
        _ reg: UInt8,
        _ displacementScale: Int,
        into bytes: inout [UInt8]
    ) {
        let displacement = address.displacement
        let compressed = displacement % displacementScale == 0 ? Int8(exactly: displacement / displacementScale) : nil
        let mode: UInt8
        if displacement == 0 && base.number & 7 != 5 {
            mode = 0b00 << 6
        } else {
            mode = compressed != nil ? 0b01 << 6 : 0b10 << 6
        }
        if address.index != .none || base.number & 7 == 4 {
            bytes.append(contentsOf: [mode | reg | 0b100, address.sib(base: base.number & 7)])
        } else {
            bytes.append(mode | reg | base.number & 7)
        }
        if mode == 0b01 << 6, let compressed {
            bytes.append(UInt8(bitPattern: compressed))
        } else if mode != 0 {
            Self.append(Int32(truncatingIfNeeded: displacement), to: &bytes)
        }
    }

    /// Appends `value`, least significant byte first.
    static func append(_ value: Int32, to bytes: inout [UInt8]) {
        let bits = UInt32(bitPattern: value)
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }
}

extension Address {
    /// The SIB byte with `base` in its low bits; index 4 means none.
    fileprivate func sib(base: UInt8) -> UInt8 {
        switch index {
        case .none: 0b100 << 3 | base
        case .register(let register): scale.rawValue << 6 | (register.number & 7) << 3 | base
        case .vector(_, let number): scale.rawValue << 6 | (number & 7) << 3 | base
        }
    }
}
