// SPDX-License-Identifier: Apache-2.0

/// The operand orders of the manuals, so that a table row reads like one: `.rvm(.m0F, .none, 0x58, …)`.
extension Encoding {
    /// Any order.
    static func vector(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        digit: UInt8? = nil,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        _ operands: [OperandSpec],
        masking: MaskingRule = .any
    ) -> Encoding {
        Encoding(
            space: .vector(vex: vex, evex: evex),
            map: map,
            prefix: prefix,
            opcode: opcode,
            digit: digit,
            tuple: tuple,
            operands: operands,
            masking: evex == nil ? .none : masking
        )
    }

    /// `dst, a, b/m`: three vectors.
    static func rvm(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        _ registers: RegisterClass = .full,
        dst: RegisterClass? = nil,
        b: RegisterClass? = nil
    ) -> Encoding {
        let operands: [OperandSpec] = [.reg(dst ?? registers), .vvvv(registers), .rm(b ?? registers)]
        return vector(
            map,
            prefix,
            opcode,
            vex: vex,
            evex: evex,
            tuple,
            operands,
            masking: dst == .mask ? .mergingOnly : .any
        )
    }

    /// `dst, a, b/m, imm8`.
    static func rvmi(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        _ registers: RegisterClass = .full,
        dst: RegisterClass? = nil,
        b: RegisterClass? = nil
    ) -> Encoding {
        var row = rvm(map, prefix, opcode, vex: vex, evex: evex, tuple, registers, dst: dst, b: b)
        row.operands.append(.imm8)
        return row
    }

    /// `dst, src/m`.
    static func rm(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        dst: RegisterClass = .full,
        src: RegisterClass = .full
    ) -> Encoding {
        vector(map, prefix, opcode, vex: vex, evex: evex, tuple, [.reg(dst), .rm(src)])
    }

    /// `dst, src/m, imm8`.
    static func rmi(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        dst: RegisterClass = .full,
        src: RegisterClass = .full
    ) -> Encoding {
        vector(map, prefix, opcode, vex: vex, evex: evex, tuple, [.reg(dst), .rm(src), .imm8])
    }

    /// `dst/m, src`: the destination is in `ModRM.rm`.
    static func mr(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        dst: RegisterClass = .full,
        src: RegisterClass = .full
    ) -> Encoding {
        vector(map, prefix, opcode, vex: vex, evex: evex, tuple, [.rm(dst), .reg(src)])
    }

    /// `dst/m, src, imm8`.
    static func mri(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        dst: RegisterClass,
        src: RegisterClass = .full
    ) -> Encoding {
        vector(map, prefix, opcode, vex: vex, evex: evex, tuple, [.rm(dst), .reg(src), .imm8])
    }

    /// `m, src`: a store.
    static func store(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType,
        src: RegisterClass = .full
    ) -> Encoding {
        vector(map, prefix, opcode, vex: vex, evex: evex, tuple, [.rmMemory, .reg(src)])
    }

    /// `dst, src, imm8` with the destination in `vvvv` and the operation in `/digit`: shifts by a constant.
    static func vmi(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        digit: UInt8,
        vex: WidthBit? = nil,
        evex: WidthBit? = nil,
        _ tuple: TupleType
    ) -> [Encoding] {
        let registerRow = vector(
            map,
            prefix,
            opcode,
            digit: digit,
            vex: vex,
            evex: evex,
            tuple,
            [.vvvv(.full), .rmRegister(.full), .imm8]
        )
        guard evex != nil else { return [registerRow] }
        let memoryRow = vector(
            map,
            prefix,
            opcode,
            digit: digit,
            evex: evex,
            tuple,
            [.vvvv(.full), .rm(.full), .imm8]
        )
        return [registerRow, memoryRow]
    }

    /// The row with a mask forbidden.
    var unmasked: Encoding { with { $0.masking = .none } }

    /// The row for 256 bits and more only.
    var wide: Encoding { with { $0.lengths = [.bits256, .bits512] } }

    /// The row for one vector length only.
    func only(_ length: VectorLength) -> Encoding { with { $0.lengths = [length] } }

    /// The row with the `L` field fixed.
    func lengthField(_ length: VectorLength) -> Encoding { with { $0.fixedLength = length } }

    /// The row with `opcode` when swapping source and destination is shorter.
    func swappable(_ opcode: UInt8, _ prefix: MandatoryPrefix? = nil) -> Encoding {
        with {
            $0.swappedOpcode = opcode
            $0.swappedPrefix = prefix
        }
    }

    /// A copy with one change.
    func with(_ change: (inout Encoding) -> Void) -> Encoding {
        var copy = self
        change(&copy)
        return copy
    }

    // MARK: Legacy

    /// A legacy row of operand width `width`; 8 bytes sets `REX.W`.
    static func legacy(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        digit: UInt8? = nil,
        width: GeneralWidth,
        memory: TupleType? = nil,
        _ operands: [OperandSpec]
    ) -> Encoding {
        Encoding(
            space: .legacy(width == .bits64 ? .w1 : .w0),
            map: map,
            prefix: prefix,
            opcode: opcode,
            digit: digit,
            tuple: memory ?? .fixed(width.rawValue),
            operands: operands,
            hasSignedImmediate: true
        )
    }

    /// The 32-bit and the 64-bit row of an integer instruction.
    static func both(
        _ map: OpcodeMap,
        _ prefix: MandatoryPrefix,
        _ opcode: UInt8,
        digit: UInt8? = nil,
        memory: TupleType? = nil,
        _ operands: (RegisterClass) -> [OperandSpec]
    ) -> [Encoding] {
        [GeneralWidth.bits32, .bits64].map { width in
            legacy(map, prefix, opcode, digit: digit, width: width, memory: memory, operands(.general(width)))
        }
    }
}
