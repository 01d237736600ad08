// SPDX-License-Identifier: Apache-2.0

/// Floating-point arithmetic. Pure table.
package struct ArithmeticTable: Sendable {
    package static let shared = ArithmeticTable()

    // MARK: Packed
    package let vaddps = packed32("vaddps", 0x58)
    package let vmulps = packed32("vmulps", 0x59)
    package let vsubps = packed32("vsubps", 0x5C)
    package let vminps = packed32("vminps", 0x5D)
    package let vdivps = packed32("vdivps", 0x5E)
    package let vmaxps = packed32("vmaxps", 0x5F)
    package let vaddpd = packed64("vaddpd", 0x58)
    package let vmulpd = packed64("vmulpd", 0x59)
    package let vsubpd = packed64("vsubpd", 0x5C)
    package let vminpd = packed64("vminpd", 0x5D)
    package let vdivpd = packed64("vdivpd", 0x5E)
    package let vmaxpd = packed64("vmaxpd", 0x5F)
    package let vsqrtps = Form<UnaryBroadcast>("vsqrtps", .rm(.m0F, .none, 0x51, vex: .ignored, evex: .w0, .full32))
    package let vsqrtpd = Form<UnaryBroadcast>("vsqrtpd", .rm(.m0F, .p66, 0x51, vex: .ignored, evex: .w1, .full64))
    /// `[a0+a1, a2+a3, b0+b1, b2+b3]` in each 128-bit lane.
    package let vhaddps = Form<VEXBinary>("vhaddps", .rvm(.m0F, .pF2, 0x7C, vex: .ignored, .vector))

    // MARK: Scalar
    package let vaddss = scalar32("vaddss", 0x58)
    package let vmulss = scalar32("vmulss", 0x59)
    package let vsubss = scalar32("vsubss", 0x5C)
    package let vminss = scalar32("vminss", 0x5D)
    package let vdivss = scalar32("vdivss", 0x5E)
    package let vmaxss = scalar32("vmaxss", 0x5F)
    package let vsqrtss = scalar32("vsqrtss", 0x51)
    package let vaddsd = scalar64("vaddsd", 0x58)
    package let vmulsd = scalar64("vmulsd", 0x59)
    package let vsubsd = scalar64("vsubsd", 0x5C)
    package let vdivsd = scalar64("vdivsd", 0x5E)

    // MARK: Approximations
    /// Reciprocal, relative error ≤ 2⁻¹⁴.
    package let vrcp14ps = Form<UnaryBroadcast>("vrcp14ps", .rm(.m0F38, .p66, 0x4C, evex: .w0, .full32))
    package let vrcp14ss = Form<ScalarBinary>("vrcp14ss", .rvm(.m0F38, .p66, 0x4D, evex: .w0, .fixed(4), .xmm))
    /// Reciprocal square root, relative error ≤ 2⁻¹⁴.
    package let vrsqrt14ps = Form<UnaryBroadcast>("vrsqrt14ps", .rm(.m0F38, .p66, 0x4E, evex: .w0, .full32))
    package let vrsqrt14ss = Form<ScalarBinary>("vrsqrt14ss", .rvm(.m0F38, .p66, 0x4F, evex: .w0, .fixed(4), .xmm))
    /// Reciprocal, relative error ≤ 1.5 · 2⁻¹².
    package let vrcpps = Form<VEXUnary>("vrcpps", .rm(.m0F, .none, 0x53, vex: .ignored, .vector))
    /// Reciprocal square root, relative error ≤ 1.5 · 2⁻¹².
    package let vrsqrtps = Form<VEXUnary>("vrsqrtps", .rm(.m0F, .none, 0x52, vex: .ignored, .vector))

    // MARK: Rounding and exponents
    package let vroundps = Form<VEXUnaryImmediate>("vroundps", .rmi(.m0F3A, .p66, 0x08, vex: .ignored, .vector))
    package let vroundss = Form<ScalarBinaryImmediate>(
        "vroundss",
        .rvmi(.m0F3A, .p66, 0x0A, vex: .ignored, .fixed(4), .xmm)
    )
    package let vrndscaleps = Form<UnaryImmediate>("vrndscaleps", .rmi(.m0F3A, .p66, 0x08, evex: .w0, .full32))
    package let vrndscaless = Form<ScalarBinaryImmediate>(
        "vrndscaless",
        .rvmi(.m0F3A, .p66, 0x0A, evex: .w0, .fixed(4), .xmm)
    )
    package let vreduceps = Form<UnaryImmediate>("vreduceps", .rmi(.m0F3A, .p66, 0x56, evex: .w0, .full32))
    /// `dst = a * 2^floor(b)`.
    package let vscalefps = Form<BinaryBroadcast>("vscalefps", .rvm(.m0F38, .p66, 0x2C, evex: .w0, .full32))
    package let vscalefss = Form<ScalarBinary>("vscalefss", .rvm(.m0F38, .p66, 0x2D, evex: .w0, .fixed(4), .xmm))
    package let vgetexpps = Form<UnaryBroadcast>("vgetexpps", .rm(.m0F38, .p66, 0x42, evex: .w0, .full32))
    package let vgetmantps = Form<UnaryImmediate>("vgetmantps", .rmi(.m0F3A, .p66, 0x26, evex: .w0, .full32))

    // MARK: Bits
    package let vandps = bitwise("vandps", 0x54)
    /// `dst = ~a & b`.
    package let vandnps = bitwise("vandnps", 0x55)
    package let vorps = bitwise("vorps", 0x56)
    package let vxorps = bitwise("vxorps", 0x57)

    // MARK: Compares
    package let vcmpps = Form<FloatCompare>(
        "vcmpps",
        .rvmi(.m0F, .none, 0xC2, vex: .ignored, .vector),
        .rvmi(.m0F, .none, 0xC2, evex: .w0, .full32, dst: .mask)
    )
    package let vcmppd = Form<FloatCompare>(
        "vcmppd",
        .rvmi(.m0F, .p66, 0xC2, vex: .ignored, .vector),
        .rvmi(.m0F, .p66, 0xC2, evex: .w1, .full64, dst: .mask)
    )
    package let vcmpss = Form<ScalarCompare>(
        "vcmpss",
        .rvmi(.m0F, .pF3, 0xC2, vex: .ignored, .fixed(4), .xmm),
        .rvmi(.m0F, .pF3, 0xC2, evex: .w0, .fixed(4), .xmm, dst: .mask)
    )

    // MARK: Blends
    package let vblendvps = variableBlend("vblendvps", 0x4A)
    package let vblendvpd = variableBlend("vblendvpd", 0x4B)
    package let vpblendvb = variableBlend("vpblendvb", 0x4C)
    package let vblendps = Form<VEXBinaryImmediate>("vblendps", .rvmi(.m0F3A, .p66, 0x0C, vex: .ignored, .vector))
    package let vpblendd = Form<VEXBinaryImmediate>("vpblendd", .rvmi(.m0F3A, .p66, 0x02, vex: .w0, .vector))
    /// The mask picks `b` where set, `a` where clear.
    package let vblendmps = Form<BinaryBroadcast>("vblendmps", .rvm(.m0F38, .p66, 0x65, evex: .w0, .full32))
    package let vblendmpd = Form<BinaryBroadcast>("vblendmpd", .rvm(.m0F38, .p66, 0x65, evex: .w1, .full64))
    package let vpblendmd = Form<BinaryBroadcast>("vpblendmd", .rvm(.m0F38, .p66, 0x64, evex: .w0, .full32))
    package let vpblendmq = Form<BinaryBroadcast>("vpblendmq", .rvm(.m0F38, .p66, 0x64, evex: .w1, .full64))
    package let vpblendmb = Form<Binary>("vpblendmb", .rvm(.m0F38, .p66, 0x66, evex: .w0, .vector))
    package let vpblendmw = Form<Binary>("vpblendmw", .rvm(.m0F38, .p66, 0x66, evex: .w1, .vector))
}

private func packed32(_ mnemonic: String, _ opcode: UInt8) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(.m0F, .none, opcode, vex: .ignored, evex: .w0, .full32))
}

private func packed64(_ mnemonic: String, _ opcode: UInt8) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(.m0F, .p66, opcode, vex: .ignored, evex: .w1, .full64))
}

private func scalar32(_ mnemonic: String, _ opcode: UInt8) -> Form<ScalarBinary> {
    Form(mnemonic, .rvm(.m0F, .pF3, opcode, vex: .ignored, evex: .w0, .fixed(4), .xmm))
}

private func scalar64(_ mnemonic: String, _ opcode: UInt8) -> Form<ScalarBinary> {
    Form(mnemonic, .rvm(.m0F, .pF2, opcode, vex: .ignored, evex: .w1, .fixed(8), .xmm))
}

private func bitwise(_ mnemonic: String, _ opcode: UInt8) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(.m0F, .none, opcode, vex: .ignored, evex: .w0, .full32))
}

private func variableBlend(_ mnemonic: String, _ opcode: UInt8) -> Form<VariableBlend> {
    Form(
        mnemonic,
        .vector(
            .m0F3A,
            .p66,
            opcode,
            vex: .w0,
            .vector,
            [.reg(.full), .vvvv(.full), .rm(.full), OperandSpec(slot: .is4, register: .full)]
        )
    )
}
