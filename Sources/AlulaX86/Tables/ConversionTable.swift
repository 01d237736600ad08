// SPDX-License-Identifier: Apache-2.0

/// Conversions between number formats. Pure table.
package struct ConversionTable: Sendable {
    package static let shared = ConversionTable()

    // MARK: Floats and integers
    package let vcvtdq2ps = unary("vcvtdq2ps", .none, 0x5B, vex: .ignored)
    /// Rounds by MXCSR: to nearest even unless someone changed it.
    package let vcvtps2dq = unary("vcvtps2dq", .p66, 0x5B, vex: .ignored)
    package let vcvttps2dq = unary("vcvttps2dq", .pF3, 0x5B, vex: .ignored)
    package let vcvtudq2ps = unary("vcvtudq2ps", .pF2, 0x7A)
    package let vcvtps2udq = unary("vcvtps2udq", .none, 0x79)
    package let vcvttps2udq = unary("vcvttps2udq", .none, 0x78)
    package let vcvtsi2ss = Form<ScalarFromGeneral>(
        "vcvtsi2ss",
        scalarFromGeneral(.bits32, .w0),
        scalarFromGeneral(.bits64, .w1)
    )
    package let vcvtss2si = generalFromScalar("vcvtss2si", 0x2D)
    package let vcvttss2si = generalFromScalar("vcvttss2si", 0x2C)

    // MARK: Floats and doubles
    package let vcvtps2pd = Form<WidenHalfBroadcast>(
        "vcvtps2pd",
        .rm(.m0F, .none, 0x5A, vex: .ignored, evex: .w0, .half(element: 4), src: .half)
    )
    package let vcvtpd2ps = Form<NarrowRegister>(
        "vcvtpd2ps",
        .vector(.m0F, .p66, 0x5A, vex: .ignored, evex: .w1, .none, [.reg(.half), .rmRegister(.full)])
    )

    // MARK: Half precision
    package let vcvtph2ps = Form<WidenHalf>(
        "vcvtph2ps",
        .rm(.m0F38, .p66, 0x13, vex: .w0, evex: .w0, .part(divisor: 2), src: .half)
    )
    package let vcvtps2ph = Form<NarrowHalfImmediate>(
        "vcvtps2ph",
        .mri(.m0F3A, .p66, 0x1D, vex: .w0, evex: .w0, .part(divisor: 2), dst: .half)
    )
    /// Floats to bfloat16, to nearest even; denormals become zero.
    package let vcvtneps2bf16 = Form<NarrowRegister>(
        "vcvtneps2bf16",
        .vector(.m0F38, .pF3, 0x72, evex: .w0, .none, [.reg(.half), .rmRegister(.full)])
    )
    package let vcvtne2ps2bf16 = Form<BinaryBroadcast>(
        "vcvtne2ps2bf16",
        .rvm(.m0F38, .pF2, 0x72, evex: .w0, .full32)
    )

    // MARK: Widening integers
    package let vpmovsxbw = Form<WidenHalf>("vpmovsxbw", widen(0x20, 2, .half))
    package let vpmovsxbd = Form<WidenQuarter>("vpmovsxbd", widen(0x21, 4, .quarter))
    package let vpmovsxbq = Form<WidenEighth>("vpmovsxbq", widen(0x22, 8, .eighth))
    package let vpmovsxwd = Form<WidenHalf>("vpmovsxwd", widen(0x23, 2, .half))
    package let vpmovsxwq = Form<WidenQuarter>("vpmovsxwq", widen(0x24, 4, .quarter))
    package let vpmovsxdq = Form<WidenHalf>("vpmovsxdq", widen(0x25, 2, .half))
    package let vpmovzxbw = Form<WidenHalf>("vpmovzxbw", widen(0x30, 2, .half))
    package let vpmovzxbd = Form<WidenQuarter>("vpmovzxbd", widen(0x31, 4, .quarter))
    package let vpmovzxbq = Form<WidenEighth>("vpmovzxbq", widen(0x32, 8, .eighth))
    package let vpmovzxwd = Form<WidenHalf>("vpmovzxwd", widen(0x33, 2, .half))
    package let vpmovzxwq = Form<WidenQuarter>("vpmovzxwq", widen(0x34, 4, .quarter))
    package let vpmovzxdq = Form<WidenHalf>("vpmovzxdq", widen(0x35, 2, .half))

    // MARK: Narrowing integers: truncating, signed saturating, unsigned saturating
    package let vpmovdb = Form<NarrowQuarter>("vpmovdb", narrow(0x31, 4, .quarter))
    package let vpmovsdb = Form<NarrowQuarter>("vpmovsdb", narrow(0x21, 4, .quarter))
    package let vpmovusdb = Form<NarrowQuarter>("vpmovusdb", narrow(0x11, 4, .quarter))
    package let vpmovdw = Form<NarrowHalf>("vpmovdw", narrow(0x33, 2, .half))
    package let vpmovsdw = Form<NarrowHalf>("vpmovsdw", narrow(0x23, 2, .half))
    package let vpmovusdw = Form<NarrowHalf>("vpmovusdw", narrow(0x13, 2, .half))
    package let vpmovwb = Form<NarrowHalf>("vpmovwb", narrow(0x30, 2, .half))
    package let vpmovswb = Form<NarrowHalf>("vpmovswb", narrow(0x20, 2, .half))
    package let vpmovuswb = Form<NarrowHalf>("vpmovuswb", narrow(0x10, 2, .half))
    package let vpmovqd = Form<NarrowHalf>("vpmovqd", narrow(0x35, 2, .half))
}

private func unary(
    _ mnemonic: String,
    _ prefix: MandatoryPrefix,
    _ opcode: UInt8,
    vex: WidthBit? = nil
) -> Form<UnaryBroadcast> {
    Form(mnemonic, .rm(.m0F, prefix, opcode, vex: vex, evex: .w0, .full32))
}

private func scalarFromGeneral(_ width: GeneralWidth, _ bit: WidthBit) -> Encoding {
    Encoding.vector(
        .m0F,
        .pF3,
        0x2A,
        vex: bit,
        evex: bit,
        .none,
        [.reg(.xmm), .vvvv(.xmm), .rmRegister(.general(width))]
    ).unmasked
}

private func generalFromScalar(_ mnemonic: String, _ opcode: UInt8) -> Form<GeneralFromScalar> {
    let rows = [(GeneralWidth.bits32, WidthBit.w0), (.bits64, .w1)].map { width, bit in
        Encoding.rm(.m0F, .pF3, opcode, vex: bit, evex: bit, .fixed(4), dst: .general(width), src: .xmm).unmasked
    }
    return Form(mnemonic, rows)
}

private func widen(_ opcode: UInt8, _ divisor: Int, _ source: RegisterClass) -> Encoding {
    .rm(.m0F38, .p66, opcode, vex: .ignored, evex: .w0, .part(divisor: divisor), src: source)
}

private func narrow(_ opcode: UInt8, _ divisor: Int, _ destination: RegisterClass) -> Encoding {
    .mr(.m0F38, .pF3, opcode, evex: .w0, .part(divisor: divisor), dst: destination)
}
