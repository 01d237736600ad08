// SPDX-License-Identifier: Apache-2.0

/// Loads, stores, copies and broadcasts. Pure table.
package struct MoveTable: Sendable {
    package static let shared = MoveTable()

    // MARK: Whole vectors
    package let vmovups = move("vmovups", .none, 0x10, 0x11, vex: .ignored, evex: .w0)
    package let vmovaps = move("vmovaps", .none, 0x28, 0x29, vex: .ignored, evex: .w0)
    package let vmovupd = move("vmovupd", .p66, 0x10, 0x11, vex: .ignored, evex: .w1)
    package let vmovapd = move("vmovapd", .p66, 0x28, 0x29, vex: .ignored, evex: .w1)
    package let vmovdqu = Form<VEXMove>("vmovdqu", moveRows(.pF3, 0x6F, 0x7F, vex: .ignored, evex: nil))
    package let vmovdqa = Form<VEXMove>("vmovdqa", moveRows(.p66, 0x6F, 0x7F, vex: .ignored, evex: nil))
    package let vmovdqu8 = move("vmovdqu8", .pF2, 0x6F, 0x7F, vex: nil, evex: .w0)
    package let vmovdqu16 = move("vmovdqu16", .pF2, 0x6F, 0x7F, vex: nil, evex: .w1)
    package let vmovdqu32 = move("vmovdqu32", .pF3, 0x6F, 0x7F, vex: nil, evex: .w0)
    package let vmovdqu64 = move("vmovdqu64", .pF3, 0x6F, 0x7F, vex: nil, evex: .w1)
    package let vmovdqa32 = move("vmovdqa32", .p66, 0x6F, 0x7F, vex: nil, evex: .w0)
    package let vmovdqa64 = move("vmovdqa64", .p66, 0x6F, 0x7F, vex: nil, evex: .w1)
    /// Stores around the caches; the address must be aligned to the vector.
    package let vmovntps = Form<Store>(
        "vmovntps",
        Encoding.store(.m0F, .none, 0x2B, vex: .ignored, evex: .w0, .vector).unmasked
    )

    // MARK: Scalars
    package let vmovss = scalarMove("vmovss", .pF3, .w0, byteCount: 4)
    package let vmovsd = scalarMove("vmovsd", .pF2, .w1, byteCount: 8)
    package let vmovd = Form<DoublewordMove>(
        "vmovd",
        Encoding.rm(.m0F, .p66, 0x6E, vex: .w0, evex: .w0, .fixed(4), dst: .xmm, src: .general(.bits32)).unmasked,
        Encoding.mr(.m0F, .p66, 0x7E, vex: .w0, evex: .w0, .fixed(4), dst: .general(.bits32), src: .xmm).unmasked
    )
    package let vmovq = Form<QuadwordMove>(
        "vmovq",
        Encoding.rm(.m0F, .pF3, 0x7E, vex: .ignored, evex: .w1, .fixed(8), dst: .xmm, src: .xmm)
            .swappable(0xD6, .p66).unmasked,
        Encoding.mr(.m0F, .p66, 0xD6, vex: .ignored, evex: .w1, .fixed(8), dst: .xmm, src: .xmm).unmasked,
        Encoding.vector(
            .m0F,
            .p66,
            0x6E,
            vex: .w1,
            evex: .w1,
            .none,
            [.reg(.xmm), .rmRegister(.general(.bits64))]
        ).unmasked,
        Encoding.vector(
            .m0F,
            .p66,
            0x7E,
            vex: .w1,
            evex: .w1,
            .none,
            [.rmRegister(.general(.bits64)), .reg(.xmm)]
        ).unmasked
    )

    // MARK: Masked by a vector, AVX2
    package let vmaskmovps = vectorMaskedMove("vmaskmovps", 0x2C, 0x2E, .w0)
    package let vmaskmovpd = vectorMaskedMove("vmaskmovpd", 0x2D, 0x2F, .w0)
    package let vpmaskmovd = vectorMaskedMove("vpmaskmovd", 0x8C, 0x8E, .w0)
    package let vpmaskmovq = vectorMaskedMove("vpmaskmovq", 0x8C, 0x8E, .w1)

    // MARK: Broadcasts
    package let vbroadcastss = Form<ElementBroadcast>(
        "vbroadcastss",
        .rm(.m0F38, .p66, 0x18, vex: .w0, evex: .w0, .fixed(4), src: .xmm)
    )
    package let vbroadcastsd = Form<ElementBroadcast>(
        "vbroadcastsd",
        Encoding.rm(.m0F38, .p66, 0x19, vex: .w0, evex: .w1, .fixed(8), src: .xmm).wide
    )
    package let vbroadcastf128 = blockBroadcast("vbroadcastf128", 0x1A, vex: .w0, .fixed(16), [.bits256])
    package let vbroadcasti128 = blockBroadcast("vbroadcasti128", 0x5A, vex: .w0, .fixed(16), [.bits256])
    package let vbroadcastf32x4 = blockBroadcast("vbroadcastf32x4", 0x1A, evex: .w0, .fixed(16), [.bits256, .bits512])
    package let vbroadcasti32x4 = blockBroadcast("vbroadcasti32x4", 0x5A, evex: .w0, .fixed(16), [.bits256, .bits512])
    package let vbroadcastf64x4 = blockBroadcast("vbroadcastf64x4", 0x1B, evex: .w1, .fixed(32), [.bits512])
    package let vpbroadcastb = integerBroadcast("vpbroadcastb", 0x78, 0x7A, byteCount: 1)
    package let vpbroadcastw = integerBroadcast("vpbroadcastw", 0x79, 0x7B, byteCount: 2)
    package let vpbroadcastd = integerBroadcast("vpbroadcastd", 0x58, 0x7C, byteCount: 4)
    package let vpbroadcastq = Form<QuadwordBroadcast>(
        "vpbroadcastq",
        .rm(.m0F38, .p66, 0x59, vex: .w0, evex: .w1, .fixed(8), src: .xmm),
        .vector(.m0F38, .p66, 0x7C, evex: .w1, .none, [.reg(.full), .rmRegister(.general(.bits64))])
    )

    // MARK: Gathers
    package let vgatherdps = gather("vgatherdps", 0x92)
    package let vpgatherdd = gather("vpgatherdd", 0x90)

    // MARK: State
    /// Clears the upper halves of `ymm0`–`ymm15`: before returning to code that may use legacy SSE.
    package let vzeroupper = Form<Nullary>("vzeroupper", .vector(.m0F, .none, 0x77, vex: .ignored, .none, []))
    package let vzeroall = Form<Nullary>(
        "vzeroall",
        Encoding.vector(.m0F, .none, 0x77, vex: .ignored, .none, []).lengthField(.bits256)
    )
}

private func moveRows(
    _ prefix: MandatoryPrefix,
    _ load: UInt8,
    _ store: UInt8,
    vex: WidthBit?,
    evex: WidthBit?
) -> [Encoding] {
    [
        Encoding.rm(.m0F, prefix, load, vex: vex, evex: evex, .vector).swappable(store),
        Encoding.store(.m0F, prefix, store, vex: vex, evex: evex, .vector),
    ]
}

private func move(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ load: UInt8,
    _ store: UInt8,
    vex: WidthBit?,
    evex: WidthBit?
) -> Form<Move> {
    Form(mnemonic, moveRows(prefix, load, store, vex: vex, evex: evex))
}

private func scalarMove(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ evex: WidthBit,
    byteCount: Int
) -> Form<ScalarMove> {
    Form(
        mnemonic,
        .vector(.m0F, prefix, 0x10, vex: .ignored, evex: evex, .fixed(byteCount), [.reg(.xmm), .rmMemory]),
        .vector(.m0F, prefix, 0x11, vex: .ignored, evex: evex, .fixed(byteCount), [.rmMemory, .reg(.xmm)]),
        Encoding.vector(
            .m0F,
            prefix,
            0x10,
            vex: .ignored,
            evex: evex,
            .none,
            [.reg(.xmm), .vvvv(.xmm), .rmRegister(.xmm)]
        ).swappable(0x11)
    )
}

private func vectorMaskedMove(
    _ mnemonic: String,
    _ load: UInt8,
    _ store: UInt8,
    _ vex: WidthBit
) -> Form<VectorMaskedMove> {
    Form(
        mnemonic,
        .vector(.m0F38, .p66, load, vex: vex, .vector, [.reg(.full), .vvvv(.full), .rmMemory]),
        .vector(.m0F38, .p66, store, vex: vex, .vector, [.rmMemory, .vvvv(.full), .reg(.full)])
    )
}

private func blockBroadcast(
    _ mnemonic: String,
    _ opcode: UInt8,
    vex: WidthBit? = nil,
    evex: WidthBit? = nil,
    _ tuple: TupleType,
    _ lengths: Set<VectorLength>
) -> Form<BlockBroadcast> {
    var row = Encoding.vector(.m0F38, .p66, opcode, vex: vex, evex: evex, tuple, [.reg(.full), .rmMemory])
    row.lengths = lengths
    return Form(mnemonic, row)
}

private func integerBroadcast(
    _ mnemonic: String,
    _ opcode: UInt8,
    _ generalOpcode: UInt8,
    byteCount: Int
) -> Form<IntegerBroadcast> {
    Form(
        mnemonic,
        .rm(.m0F38, .p66, opcode, vex: .w0, evex: .w0, .fixed(byteCount), src: .xmm),
        .vector(.m0F38, .p66, generalOpcode, evex: .w0, .none, [.reg(.full), .rmRegister(.general(.bits32))])
    )
}

private func gather(_ mnemonic: String, _ opcode: UInt8) -> Form<Gather> {
    let indices = OperandSpec(slot: .rm, register: nil, memory: .gather(.full))
    return Form(
        mnemonic,
        .vector(.m0F38, .p66, opcode, evex: .w0, .fixed(4), [.reg(.full), indices], masking: .required),
        .vector(.m0F38, .p66, opcode, vex: .w0, .fixed(4), [.reg(.full), indices, .vvvv(.full)])
    )
}
