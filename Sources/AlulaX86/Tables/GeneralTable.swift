// SPDX-License-Identifier: Apache-2.0

/// General registers: addresses, counters, bit fields, control. Pure table; jumps are in `Assembler+Jumps.swift`.
package struct GeneralTable: Sendable {
    package static let shared = GeneralTable()

    // MARK: Moves
    package let mov = Form<GeneralMove>(
        "mov",
        [.legacy(.primary, .none, 0x88, width: .bits8, [.rm(.general(.bits8)), .reg(.general(.bits8))])]
            + Encoding.both(.primary, .none, 0x89) { [.rm($0), .reg($0)] }
            + [.legacy(.primary, .none, 0x8A, width: .bits8, [.reg(.general(.bits8)), .rmMemory])]
            + Encoding.both(.primary, .none, 0x8B) { [.reg($0), .rmMemory] }
            + [
                .legacy(
                    .primary,
                    .none,
                    0xB8,
                    width: .bits32,
                    [OperandSpec(slot: .opcode, register: .general(.bits32)), .imm32]
                ),
                .legacy(.primary, .none, 0xC7, digit: 0, width: .bits64, [.rmRegister(.general(.bits64)), .imm32]),
            ]
    )
    /// All 64 bits of a constant.
    package let movabs = Form<LongConstant>(
        "movabs",
        .legacy(
            .primary,
            .none,
            0xB8,
            width: .bits64,
            [OperandSpec(slot: .opcode, register: .general(.bits64)), .imm64]
        )
    )
    package let movzxByte = Form<ExtendByte>("movzx", extendByte(0xB6))
    package let movsxByte = Form<ExtendByte>("movsx", extendByte(0xBE))
    package let movzxWord = Form<ExtendWord>("movzx", extendWord(0xB7))
    package let movsxWord = Form<ExtendWord>("movsx", extendWord(0xBF))
    package let movsxd = Form<ExtendDoubleword>(
        "movsxd",
        .legacy(
            .primary,
            .none,
            0x63,
            width: .bits64,
            memory: .fixed(4),
            [.reg(.general(.bits64)), .rm(.general(.bits32))]
        )
    )
    package let lea = Form<LoadAddress>(
        "lea",
        Encoding.both(.primary, .none, 0x8D, memory: .some(.none)) { [.reg($0), .rmMemory] }
    )

    // MARK: Arithmetic
    package let add = arithmetic("add", 0)
    package let or = arithmetic("or", 1)
    package let and = arithmetic("and", 4)
    package let sub = arithmetic("sub", 5)
    package let xor = arithmetic("xor", 6)
    package let cmp = arithmetic("cmp", 7)
    package let test = Form<Arithmetic>(
        "test",
        Encoding.both(.primary, .none, 0x85) { [.rm($0), .reg($0)] }
            + accumulatorRows(0xA9)
            + Encoding.both(.primary, .none, 0xF7, digit: 0) { [.rmRegister($0), .imm32] }
    )
    package let imul = Form<Multiply>(
        "imul",
        Encoding.both(.m0F, .none, 0xAF) { [.reg($0), .rm($0)] }
            + Encoding.both(.primary, .none, 0x6B) { [.reg($0), .rm($0), .imm8] }
            + Encoding.both(.primary, .none, 0x69) { [.reg($0), .rm($0), .imm32] }
    )
    package let inc = unary("inc", 0xFF, 0)
    package let dec = unary("dec", 0xFF, 1)
    package let not = unary("not", 0xF7, 2)
    package let neg = unary("neg", 0xF7, 3)
    /// Divides `rdx:rax` by the operand: quotient in `rax`, remainder in `rdx`.
    package let div = unary("div", 0xF7, 6)

    // MARK: Shifts and bit fields
    package let shl = shift("shl", 4)
    package let shr = shift("shr", 5)
    package let sar = shift("sar", 7)
    /// Clears the bits of `src` from bit `control` up.
    package let bzhi = Form<BitField>("bzhi", bitField(.none, 0xF5))
    package let shlx = Form<BitField>("shlx", bitField(.p66, 0xF7))
    package let shrx = Form<BitField>("shrx", bitField(.pF2, 0xF7))
    package let sarx = Form<BitField>("sarx", bitField(.pF3, 0xF7))
    package let popcnt = Form<GeneralSource>("popcnt", Encoding.both(.m0F, .pF3, 0xB8) { [.reg($0), .rm($0)] })
    package let tzcnt = Form<GeneralSource>("tzcnt", Encoding.both(.m0F, .pF3, 0xBC) { [.reg($0), .rm($0)] })
    package let lzcnt = Form<GeneralSource>("lzcnt", Encoding.both(.m0F, .pF3, 0xBD) { [.reg($0), .rm($0)] })

    // MARK: Hints
    package let prefetcht0 = prefetch("prefetcht0", 0x18, 1)
    package let prefetcht1 = prefetch("prefetcht1", 0x18, 2)
    package let prefetcht2 = prefetch("prefetcht2", 0x18, 3)
    package let prefetchnta = prefetch("prefetchnta", 0x18, 0)
    /// The line will be written.
    package let prefetchw = prefetch("prefetchw", 0x0D, 1)

    // MARK: Control
    package let push = Form<RegisterOnly>("push", stack(0x50))
    package let pop = Form<RegisterOnly>("pop", stack(0x58))
    /// Calls the address in a register.
    package let callRegister = Form<RegisterOnly>("call", indirect(2))
    /// Jumps to the address in a register.
    package let jmpRegister = Form<RegisterOnly>("jmp", indirect(4))
    package let ret = Form<Nullary>("ret", .legacy(.primary, .none, 0xC3, width: .bits32, []))
    package let int3 = Form<Nullary>("int3", .legacy(.primary, .none, 0xCC, width: .bits32, []))
    package let ud2 = Form<Nullary>("ud2", .legacy(.m0F, .none, 0x0B, width: .bits32, []))
    package let nop = Form<Nullary>("nop", .legacy(.primary, .none, 0x90, width: .bits32, []))
    /// Reads leaf `eax`, sub-leaf `ecx` into `eax ebx ecx edx`.
    package let cpuid = Form<Nullary>("cpuid", .legacy(.m0F, .none, 0xA2, width: .bits32, []))
    /// Reads extended control register `ecx` into `edx:eax`.
    package let xgetbv = Form<Nullary>("xgetbv", .legacy(.m0F, .none, 0x01, digit: 2, width: .bits32, []))
    /// Sign-extends `rax` into `rdx:rax`.
    package let cqo = Form<Nullary>("cqo", .legacy(.primary, .none, 0x99, width: .bits64, []))

    // MARK: On the flags
    package let cmov = Condition.allCases.map { condition in
        Form<GeneralSource>(
            "cmov" + condition.suffix,
            Encoding.both(.m0F, .none, 0x40 + condition.rawValue) { [.reg($0), .rm($0)] }
        )
    }
    package let set = Condition.allCases.map { condition in
        Form<SetByte>(
            "set" + condition.suffix,
            .legacy(.m0F, .none, 0x90 + condition.rawValue, digit: 0, width: .bits8, [.rm(.general(.bits8))])
        )
    }
}

private func accumulatorRows(_ opcode: UInt8) -> [Encoding] {
    [GeneralWidth.bits32, .bits64].map { width in
        .legacy(
            .primary,
            .none,
            opcode,
            width: width,
            [OperandSpec(slot: .implied, register: .accumulator(width)), .imm32]
        )
    }
}

private func arithmetic(_ mnemonic: String, _ digit: UInt8) -> Form<Arithmetic> {
    Form(
        mnemonic,
        Encoding.both(.primary, .none, digit * 8 + 1) { [.rm($0), .reg($0)] }
            + Encoding.both(.primary, .none, digit * 8 + 3) { [.reg($0), .rmMemory] }
            + Encoding.both(.primary, .none, 0x83, digit: digit) { [.rmRegister($0), .imm8] }
            + accumulatorRows(digit * 8 + 5)
            + Encoding.both(.primary, .none, 0x81, digit: digit) { [.rmRegister($0), .imm32] }
    )
}

private func unary(_ mnemonic: String, _ opcode: UInt8, _ digit: UInt8) -> Form<GeneralUnary> {
    Form(mnemonic, Encoding.both(.primary, .none, opcode, digit: digit) { [.rmRegister($0)] })
}

private func shift(_ mnemonic: String, _ digit: UInt8) -> Form<GeneralShift> {
    let one = OperandSpec(slot: .constant(1), register: nil)
    let count = OperandSpec(slot: .implied, register: .count)
    return Form(
        mnemonic,
        Encoding.both(.primary, .none, 0xD1, digit: digit) { [.rmRegister($0), one] }
            + Encoding.both(.primary, .none, 0xC1, digit: digit) { [.rmRegister($0), .imm8] }
            + Encoding.both(.primary, .none, 0xD3, digit: digit) { [.rmRegister($0), count] }
    )
}

private func extendByte(_ opcode: UInt8) -> [Encoding] {
    Encoding.both(.m0F, .none, opcode, memory: .fixed(1)) { [.reg($0), .rm(.general(.bits8))] }
}

private func extendWord(_ opcode: UInt8) -> [Encoding] {
    Encoding.both(.m0F, .none, opcode, memory: .fixed(2)) { [.reg($0), .rmMemory] }
}

private func bitField(_ prefix: MandatoryPrefix, _ opcode: UInt8) -> [Encoding] {
    [(GeneralWidth.bits32, WidthBit.w0), (.bits64, .w1)].map { width, bit in
        .vector(
            .m0F38,
            prefix,
            opcode,
            vex: bit,
            .fixed(width.rawValue),
            [.reg(.general(width)), .rm(.general(width)), .vvvv(.general(width))]
        )
    }
}

private func prefetch(_ mnemonic: String, _ opcode: UInt8, _ digit: UInt8) -> Form<Prefetch> {
    Form(mnemonic, .legacy(.m0F, .none, opcode, digit: digit, width: .bits8, [.rmMemory]))
}

private func stack(_ opcode: UInt8) -> Encoding {
    // Always 64 bits wide without REX.W, hence the 32-bit row width.
    .legacy(
        .primary,
        .none,
        opcode,
        width: .bits32,
        [OperandSpec(slot: .opcode, register: .general(.bits64))]
    )
}

private func indirect(_ digit: UInt8) -> Encoding {
    .legacy(.primary, .none, 0xFF, digit: digit, width: .bits32, [.rmRegister(.general(.bits64))])
}
