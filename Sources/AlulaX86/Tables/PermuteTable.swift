// SPDX-License-Identifier: Apache-2.0

/// Permutes, shuffles, packs, inserts and extracts. Pure table.
package struct PermuteTable: Sendable {
    package static let shared = PermuteTable()

    // MARK: Across lanes
    /// `dst[i] = b[a[i]]`: the indices come first.
    package let vpermps = Form<BinaryBroadcast>(
        "vpermps",
        Encoding.rvm(.m0F38, .p66, 0x16, vex: .w0, evex: .w0, .full32).wide
    )
    package let vpermd = Form<BinaryBroadcast>(
        "vpermd",
        Encoding.rvm(.m0F38, .p66, 0x36, vex: .w0, evex: .w0, .full32).wide
    )
    package let vpermw = Form<Binary>("vpermw", .rvm(.m0F38, .p66, 0x8D, evex: .w1, .vector))
    package let vpermq = Form<UnaryImmediate>(
        "vpermq",
        Encoding.rmi(.m0F3A, .p66, 0x00, vex: .w1, evex: .w1, .full64).wide
    )
    package let vpermpd = Form<UnaryImmediate>(
        "vpermpd",
        Encoding.rmi(.m0F3A, .p66, 0x01, vex: .w1, evex: .w1, .full64).wide
    )
    /// Picks from two vectors; the indices are overwritten.
    package let vpermi2ps = Form<BinaryBroadcast>("vpermi2ps", .rvm(.m0F38, .p66, 0x77, evex: .w0, .full32))
    package let vpermi2d = Form<BinaryBroadcast>("vpermi2d", .rvm(.m0F38, .p66, 0x76, evex: .w0, .full32))
    /// Picks from two vectors; the first source is overwritten.
    package let vpermt2ps = Form<BinaryBroadcast>("vpermt2ps", .rvm(.m0F38, .p66, 0x7F, evex: .w0, .full32))
    package let vpermt2d = Form<BinaryBroadcast>("vpermt2d", .rvm(.m0F38, .p66, 0x7E, evex: .w0, .full32))
    package let vshuff32x4 = laneShuffle("vshuff32x4", 0x23, .w0, .full32)
    package let vshuff64x2 = laneShuffle("vshuff64x2", 0x23, .w1, .full64)
    package let vshufi32x4 = laneShuffle("vshufi32x4", 0x43, .w0, .full32)
    package let vperm2f128 = Form<VEXBinaryImmediate>(
        "vperm2f128",
        Encoding.rvmi(.m0F3A, .p66, 0x06, vex: .w0, .vector).only(.bits256)
    )
    package let vperm2i128 = Form<VEXBinaryImmediate>(
        "vperm2i128",
        Encoding.rvmi(.m0F3A, .p66, 0x46, vex: .w0, .vector).only(.bits256)
    )
    /// `dst = (a:b) >> 32 * imm8`: elements shifted across the whole vector.
    package let valignd = Form<BinaryImmediate>("valignd", .rvmi(.m0F3A, .p66, 0x03, evex: .w0, .full32))
    package let valignq = Form<BinaryImmediate>("valignq", .rvmi(.m0F3A, .p66, 0x03, evex: .w1, .full64))

    // MARK: Within 128-bit lanes
    package let vpermilps = Form<BinaryBroadcast>(
        "vpermilps",
        .rvm(.m0F38, .p66, 0x0C, vex: .w0, evex: .w0, .full32)
    )
    package let vpermilpsImmediate = Form<UnaryImmediate>(
        "vpermilps",
        .rmi(.m0F3A, .p66, 0x04, vex: .w0, evex: .w0, .full32)
    )
    package let vshufps = Form<BinaryImmediate>("vshufps", .rvmi(.m0F, .none, 0xC6, vex: .ignored, evex: .w0, .full32))
    package let vshufpd = Form<BinaryImmediate>("vshufpd", .rvmi(.m0F, .p66, 0xC6, vex: .ignored, evex: .w1, .full64))
    package let vpshufd = Form<UnaryImmediate>("vpshufd", .rmi(.m0F, .p66, 0x70, vex: .ignored, evex: .w0, .full32))
    package let vpshufb = narrow("vpshufb", .m0F38, 0x00)
    package let vpalignr = Form<BinaryImmediate>(
        "vpalignr",
        .rvmi(.m0F3A, .p66, 0x0F, vex: .ignored, evex: .ignored, .vector)
    )
    package let vmovshdup = Form<Unary>("vmovshdup", .rm(.m0F, .pF3, 0x16, vex: .ignored, evex: .w0, .vector))
    package let vmovsldup = Form<Unary>("vmovsldup", .rm(.m0F, .pF3, 0x12, vex: .ignored, evex: .w0, .vector))
    package let vmovhlps = Form<ScalarBinary>("vmovhlps", scalarPair(0x12))
    package let vmovlhps = Form<ScalarBinary>("vmovlhps", scalarPair(0x16))

    // MARK: Unpack and pack
    package let vunpcklps = floating("vunpcklps", .none, 0x14, .w0, .full32)
    package let vunpckhps = floating("vunpckhps", .none, 0x15, .w0, .full32)
    package let vunpcklpd = floating("vunpcklpd", .p66, 0x14, .w1, .full64)
    package let vunpckhpd = floating("vunpckhpd", .p66, 0x15, .w1, .full64)
    package let vpunpcklbw = narrow("vpunpcklbw", .m0F, 0x60)
    package let vpunpcklwd = narrow("vpunpcklwd", .m0F, 0x61)
    package let vpunpckldq = floating("vpunpckldq", .p66, 0x62, .w0, .full32)
    package let vpunpcklqdq = floating("vpunpcklqdq", .p66, 0x6C, .w1, .full64)
    package let vpunpckhbw = narrow("vpunpckhbw", .m0F, 0x68)
    package let vpunpckhwd = narrow("vpunpckhwd", .m0F, 0x69)
    package let vpunpckhdq = floating("vpunpckhdq", .p66, 0x6A, .w0, .full32)
    package let vpunpckhqdq = floating("vpunpckhqdq", .p66, 0x6D, .w1, .full64)
    package let vpacksswb = narrow("vpacksswb", .m0F, 0x63)
    package let vpackuswb = narrow("vpackuswb", .m0F, 0x67)
    package let vpackssdw = floating("vpackssdw", .p66, 0x6B, .w0, .full32)
    package let vpackusdw = Form<BinaryBroadcast>(
        "vpackusdw",
        .rvm(.m0F38, .p66, 0x2B, vex: .ignored, evex: .w0, .full32)
    )

    // MARK: Lanes
    package let vinsertf128 = Form<VEXInsert>("vinsertf128", insertLane(0x18, vex: .w0))
    package let vinserti128 = Form<VEXInsert>("vinserti128", insertLane(0x38, vex: .w0))
    package let vinsertf32x4 = Form<InsertQuarterLane>("vinsertf32x4", insertLane(0x18, evex: .w0))
    package let vinserti32x4 = Form<InsertQuarterLane>("vinserti32x4", insertLane(0x38, evex: .w0))
    package let vinsertf32x8 = insertHalf("vinsertf32x8", 0x1A, .w0)
    package let vinsertf64x4 = insertHalf("vinsertf64x4", 0x1A, .w1)
    package let vinserti64x4 = insertHalf("vinserti64x4", 0x3A, .w1)
    package let vextractf128 = Form<VEXExtract>("vextractf128", extractLane(0x19, vex: .w0))
    package let vextracti128 = Form<VEXExtract>("vextracti128", extractLane(0x39, vex: .w0))
    package let vextractf32x4 = Form<ExtractQuarterLane>("vextractf32x4", extractLane(0x19, evex: .w0))
    package let vextracti32x4 = Form<ExtractQuarterLane>("vextracti32x4", extractLane(0x39, evex: .w0))
    package let vextractf32x8 = extractHalf("vextractf32x8", 0x1B, .w0)
    package let vextractf64x4 = extractHalf("vextractf64x4", 0x1B, .w1)
    package let vextracti64x4 = extractHalf("vextracti64x4", 0x3B, .w1)

    // MARK: Elements
    package let vinsertps = Form<ScalarBinaryImmediate>(
        "vinsertps",
        Encoding.rvmi(.m0F3A, .p66, 0x21, vex: .ignored, evex: .w0, .fixed(4), .xmm).unmasked
    )
    package let vpinsrb = insertElement("vpinsrb", .m0F3A, 0x20, .w0, .bits32, 1)
    package let vpinsrw = insertElement("vpinsrw", .m0F, 0xC4, .w0, .bits32, 2)
    package let vpinsrd = insertElement("vpinsrd", .m0F3A, 0x22, .w0, .bits32, 4)
    package let vpinsrq = insertElement("vpinsrq", .m0F3A, 0x22, .w1, .bits64, 8)
    package let vpextrb = extractElement("vpextrb", 0x14, .w0, .bits32, 1)
    package let vpextrw = Form<ExtractElement>(
        "vpextrw",
        Encoding.vector(
            .m0F,
            .p66,
            0xC5,
            vex: .w0,
            evex: .w0,
            .none,
            [.reg(.general(.bits32)), .rmRegister(.xmm), .imm8]
        ).unmasked,
        Encoding.vector(
            .m0F3A,
            .p66,
            0x15,
            vex: .w0,
            evex: .w0,
            .fixed(2),
            [.rmMemory, .reg(.xmm), .imm8]
        ).unmasked
    )
    package let vpextrd = extractElement("vpextrd", 0x16, .w0, .bits32, 4)
    package let vpextrq = extractElement("vpextrq", 0x16, .w1, .bits64, 8)

    // MARK: Selected elements
    package let vcompressps = Form<Compress>("vcompressps", .mr(.m0F38, .p66, 0x8A, evex: .w0, .selected(element: 4)))
    package let vpcompressd = Form<Compress>("vpcompressd", .mr(.m0F38, .p66, 0x8B, evex: .w0, .selected(element: 4)))
    package let vexpandps = Form<Unary>("vexpandps", .rm(.m0F38, .p66, 0x88, evex: .w0, .selected(element: 4)))
    package let vpexpandd = Form<Unary>("vpexpandd", .rm(.m0F38, .p66, 0x89, evex: .w0, .selected(element: 4)))
}

private func narrow(_ mnemonic: String, _ map: OpcodeMap, _ opcode: UInt8) -> Form<Binary> {
    Form(mnemonic, .rvm(map, .p66, opcode, vex: .ignored, evex: .ignored, .vector))
}

private func floating(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ opcode: UInt8,
    _ width: WidthBit,
    _ tuple: TupleType
) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(.m0F, prefix, opcode, vex: .ignored, evex: width, tuple))
}

private func laneShuffle(
    _ mnemonic: String,
    _ opcode: UInt8,
    _ width: WidthBit,
    _ tuple: TupleType
) -> Form<BinaryImmediate> {
    Form(mnemonic, Encoding.rvmi(.m0F3A, .p66, opcode, evex: width, tuple).wide)
}

private func scalarPair(_ opcode: UInt8) -> Encoding {
    Encoding.vector(
        .m0F,
        .none,
        opcode,
        vex: .ignored,
        evex: .w0,
        .none,
        [.reg(.xmm), .vvvv(.xmm), .rmRegister(.xmm)]
    ).unmasked
}

private func insertLane(_ opcode: UInt8, vex: WidthBit? = nil, evex: WidthBit? = nil) -> Encoding {
    Encoding.rvmi(.m0F3A, .p66, opcode, vex: vex, evex: evex, .fixed(16), b: .xmm).wide
}

private func insertHalf(_ mnemonic: String, _ opcode: UInt8, _ width: WidthBit) -> Form<InsertHalf> {
    Form(mnemonic, Encoding.rvmi(.m0F3A, .p66, opcode, evex: width, .fixed(32), b: .half).only(.bits512))
}

private func extractLane(_ opcode: UInt8, vex: WidthBit? = nil, evex: WidthBit? = nil) -> Encoding {
    Encoding.mri(.m0F3A, .p66, opcode, vex: vex, evex: evex, .fixed(16), dst: .xmm).wide
}

private func extractHalf(_ mnemonic: String, _ opcode: UInt8, _ width: WidthBit) -> Form<ExtractHalf> {
    Form(mnemonic, Encoding.mri(.m0F3A, .p66, opcode, evex: width, .fixed(32), dst: .half).only(.bits512))
}

private func insertElement(
    _ mnemonic: String,
    _ map: OpcodeMap,
    _ opcode: UInt8,
    _ bit: WidthBit,
    _ width: GeneralWidth,
    _ byteCount: Int
) -> Form<InsertElement> {
    Form(
        mnemonic,
        Encoding.vector(
            map,
            .p66,
            opcode,
            vex: bit,
            evex: bit,
            .fixed(byteCount),
            [.reg(.xmm), .vvvv(.xmm), .rm(.general(width)), .imm8]
        ).unmasked
    )
}

private func extractElement(
    _ mnemonic: String,
    _ opcode: UInt8,
    _ bit: WidthBit,
    _ width: GeneralWidth,
    _ byteCount: Int
) -> Form<ExtractElement> {
    Form(
        mnemonic,
        Encoding.mri(
            .m0F3A,
            .p66,
            opcode,
            vex: bit,
            evex: bit,
            .fixed(byteCount),
            dst: .general(width),
            src: .xmm
        ).unmasked
    )
}
