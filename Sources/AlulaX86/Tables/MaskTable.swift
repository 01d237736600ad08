// SPDX-License-Identifier: Apache-2.0

/// Mask registers: 8 (`b`), 16 (`w`), 32 (`d`) and 64 (`q`) bits, and their way to vectors. Pure table.
package struct MaskTable: Sendable {
    package static let shared = MaskTable()

    // MARK: Moves
    package let kmovb = Form<MaskMove>("kmovb", moveRows(.p66, .w0, .p66, .w0, .bits32, 1))
    package let kmovw = Form<MaskMove>("kmovw", moveRows(.none, .w0, .none, .w0, .bits32, 2))
    package let kmovd = Form<MaskMove>("kmovd", moveRows(.p66, .w1, .pF2, .w0, .bits32, 4))
    package let kmovq = Form<WideMaskMove>("kmovq", moveRows(.none, .w1, .pF2, .w1, .bits64, 8))

    // MARK: Logic
    package let kandb = binary("kandb", .p66, .w0, 0x41)
    package let kandw = binary("kandw", .none, .w0, 0x41)
    package let kandd = binary("kandd", .p66, .w1, 0x41)
    package let kandq = binary("kandq", .none, .w1, 0x41)
    /// `dst = ~a & b`.
    package let kandnb = binary("kandnb", .p66, .w0, 0x42)
    package let kandnw = binary("kandnw", .none, .w0, 0x42)
    package let kandnd = binary("kandnd", .p66, .w1, 0x42)
    package let kandnq = binary("kandnq", .none, .w1, 0x42)
    package let korb = binary("korb", .p66, .w0, 0x45)
    package let korw = binary("korw", .none, .w0, 0x45)
    package let kord = binary("kord", .p66, .w1, 0x45)
    package let korq = binary("korq", .none, .w1, 0x45)
    package let kxnorb = binary("kxnorb", .p66, .w0, 0x46)
    package let kxnorw = binary("kxnorw", .none, .w0, 0x46)
    package let kxnord = binary("kxnord", .p66, .w1, 0x46)
    package let kxnorq = binary("kxnorq", .none, .w1, 0x46)
    package let kxorb = binary("kxorb", .p66, .w0, 0x47)
    package let kxorw = binary("kxorw", .none, .w0, 0x47)
    package let kxord = binary("kxord", .p66, .w1, 0x47)
    package let kxorq = binary("kxorq", .none, .w1, 0x47)
    package let kunpckbw = binary("kunpckbw", .p66, .w0, 0x4B)
    package let knotb = unary("knotb", .p66, .w0, 0x44)
    package let knotw = unary("knotw", .none, .w0, 0x44)
    package let knotd = unary("knotd", .p66, .w1, 0x44)
    package let knotq = unary("knotq", .none, .w1, 0x44)

    // MARK: Flags
    package let kortestb = unary("kortestb", .p66, .w0, 0x98)
    package let kortestw = unary("kortestw", .none, .w0, 0x98)
    package let kortestd = unary("kortestd", .p66, .w1, 0x98)
    package let kortestq = unary("kortestq", .none, .w1, 0x98)
    package let ktestb = unary("ktestb", .p66, .w0, 0x99)
    package let ktestw = unary("ktestw", .none, .w0, 0x99)
    package let ktestd = unary("ktestd", .p66, .w1, 0x99)
    package let ktestq = unary("ktestq", .none, .w1, 0x99)

    // MARK: Shifts
    package let kshiftlb = shift("kshiftlb", .w0, 0x32)
    package let kshiftlw = shift("kshiftlw", .w1, 0x32)
    package let kshiftld = shift("kshiftld", .w0, 0x33)
    package let kshiftlq = shift("kshiftlq", .w1, 0x33)
    package let kshiftrb = shift("kshiftrb", .w0, 0x30)
    package let kshiftrw = shift("kshiftrw", .w1, 0x30)
    package let kshiftrd = shift("kshiftrd", .w0, 0x31)
    package let kshiftrq = shift("kshiftrq", .w1, 0x31)

    // MARK: Vectors
    package let vpmovd2m = Form<MaskFromVector>("vpmovd2m", maskFromVector(.w0, 0x39))
    package let vpmovb2m = Form<MaskFromVector>("vpmovb2m", maskFromVector(.w0, 0x29))
    package let vpmovm2d = Form<VectorFromMask>("vpmovm2d", vectorFromMask(.w0, 0x38))
    package let vpmovm2b = Form<VectorFromMask>("vpmovm2b", vectorFromMask(.w0, 0x28))
    package let vmovmskps = Form<SignMask>(
        "vmovmskps",
        .vector(.m0F, .none, 0x50, vex: .ignored, .none, [.reg(.general(.bits32)), .rmRegister(.full)])
    )
    package let vpmovmskb = Form<SignMask>(
        "vpmovmskb",
        .vector(.m0F, .p66, 0xD7, vex: .ignored, .none, [.reg(.general(.bits32)), .rmRegister(.full)])
    )
}

private func moveRows(
    _ prefix: MandatoryPrefix,
    _ bit: WidthBit,
    _ generalPrefix: MandatoryPrefix,
    _ generalBit: WidthBit,
    _ width: GeneralWidth,
    _ byteCount: Int
) -> [Encoding] {
    [
        .vector(.m0F, prefix, 0x90, vex: bit, .fixed(byteCount), [.reg(.mask), .rm(.mask)]),
        .vector(.m0F, prefix, 0x91, vex: bit, .fixed(byteCount), [.rmMemory, .reg(.mask)]),
        .vector(.m0F, generalPrefix, 0x92, vex: generalBit, .none, [.reg(.mask), .rmRegister(.general(width))]),
        .vector(.m0F, generalPrefix, 0x93, vex: generalBit, .none, [.reg(.general(width)), .rmRegister(.mask)]),
    ]
}

private func binary(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ bit: WidthBit,
    _ opcode: UInt8
) -> Form<MaskBinary> {
    Form(
        mnemonic,
        Encoding.vector(.m0F, prefix, opcode, vex: bit, .none, [.reg(.mask), .vvvv(.mask), .rmRegister(.mask)])
            .lengthField(.bits256)
    )
}

private func unary(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ bit: WidthBit,
    _ opcode: UInt8
) -> Form<MaskUnary> {
    Form(mnemonic, .vector(.m0F, prefix, opcode, vex: bit, .none, [.reg(.mask), .rmRegister(.mask)]))
}

private func shift(_ mnemonic: String, _ bit: WidthBit, _ opcode: UInt8) -> Form<MaskShift> {
    Form(mnemonic, .vector(.m0F3A, .p66, opcode, vex: bit, .none, [.reg(.mask), .rmRegister(.mask), .imm8]))
}

private func maskFromVector(_ bit: WidthBit, _ opcode: UInt8) -> Encoding {
    Encoding.vector(.m0F38, .pF3, opcode, evex: bit, .none, [.reg(.mask), .rmRegister(.full)]).unmasked
}

private func vectorFromMask(_ bit: WidthBit, _ opcode: UInt8) -> Encoding {
    Encoding.vector(.m0F38, .pF3, opcode, evex: bit, .none, [.reg(.full), .rmRegister(.mask)]).unmasked
}
