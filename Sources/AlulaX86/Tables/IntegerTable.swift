// SPDX-License-Identifier: Apache-2.0

/// Vector integer arithmetic, logic, compares, shifts and dot products. Pure table.
package struct IntegerTable: Sendable {
    package static let shared = IntegerTable()

    // MARK: Logic
    package let vpand = Form<VEXBinary>("vpand", .rvm(.m0F, .p66, 0xDB, vex: .ignored, .vector))
    package let vpandn = Form<VEXBinary>("vpandn", .rvm(.m0F, .p66, 0xDF, vex: .ignored, .vector))
    package let vpor = Form<VEXBinary>("vpor", .rvm(.m0F, .p66, 0xEB, vex: .ignored, .vector))
    package let vpxor = Form<VEXBinary>("vpxor", .rvm(.m0F, .p66, 0xEF, vex: .ignored, .vector))
    package let vpandd = Form<BinaryBroadcast>("vpandd", .rvm(.m0F, .p66, 0xDB, evex: .w0, .full32))
    package let vpandq = Form<BinaryBroadcast>("vpandq", .rvm(.m0F, .p66, 0xDB, evex: .w1, .full64))
    package let vpandnd = Form<BinaryBroadcast>("vpandnd", .rvm(.m0F, .p66, 0xDF, evex: .w0, .full32))
    package let vpandnq = Form<BinaryBroadcast>("vpandnq", .rvm(.m0F, .p66, 0xDF, evex: .w1, .full64))
    package let vpord = Form<BinaryBroadcast>("vpord", .rvm(.m0F, .p66, 0xEB, evex: .w0, .full32))
    package let vporq = Form<BinaryBroadcast>("vporq", .rvm(.m0F, .p66, 0xEB, evex: .w1, .full64))
    package let vpxord = Form<BinaryBroadcast>("vpxord", .rvm(.m0F, .p66, 0xEF, evex: .w0, .full32))
    package let vpxorq = Form<BinaryBroadcast>("vpxorq", .rvm(.m0F, .p66, 0xEF, evex: .w1, .full64))
    /// Any function of three bits: bit `dst·4 + a·2 + b` of the control byte.
    package let vpternlogd = Form<BinaryImmediate>("vpternlogd", .rvmi(.m0F3A, .p66, 0x25, evex: .w0, .full32))
    package let vpternlogq = Form<BinaryImmediate>("vpternlogq", .rvmi(.m0F3A, .p66, 0x25, evex: .w1, .full64))
    package let vptest = Form<VEXUnary>("vptest", .rm(.m0F38, .p66, 0x17, vex: .ignored, .vector))

    // MARK: Addition and subtraction
    package let vpaddb = narrow("vpaddb", .m0F, 0xFC)
    package let vpaddw = narrow("vpaddw", .m0F, 0xFD)
    package let vpaddd = packed32("vpaddd", .m0F, 0xFE)
    package let vpaddq = packed64("vpaddq", .m0F, 0xD4)
    package let vpsubb = narrow("vpsubb", .m0F, 0xF8)
    package let vpsubw = narrow("vpsubw", .m0F, 0xF9)
    package let vpsubd = packed32("vpsubd", .m0F, 0xFA)
    package let vpsubq = packed64("vpsubq", .m0F, 0xFB)
    package let vpaddsb = narrow("vpaddsb", .m0F, 0xEC)
    package let vpaddsw = narrow("vpaddsw", .m0F, 0xED)
    package let vpaddusb = narrow("vpaddusb", .m0F, 0xDC)
    package let vpaddusw = narrow("vpaddusw", .m0F, 0xDD)
    package let vpsubsb = narrow("vpsubsb", .m0F, 0xE8)
    package let vpsubsw = narrow("vpsubsw", .m0F, 0xE9)
    package let vpsubusb = narrow("vpsubusb", .m0F, 0xD8)
    package let vpsubusw = narrow("vpsubusw", .m0F, 0xD9)

    // MARK: Multiplication and dot products
    package let vpmullw = narrow("vpmullw", .m0F, 0xD5)
    package let vpmulhw = narrow("vpmulhw", .m0F, 0xE5)
    package let vpmulhuw = narrow("vpmulhuw", .m0F, 0xE4)
    package let vpmulhrsw = narrow("vpmulhrsw", .m0F38, 0x0B)
    package let vpmulld = packed32("vpmulld", .m0F38, 0x40)
    package let vpmullq = Form<BinaryBroadcast>("vpmullq", .rvm(.m0F38, .p66, 0x40, evex: .w1, .full64))
    /// Products of signed 16-bit pairs, summed to 32 bits.
    package let vpmaddwd = narrow("vpmaddwd", .m0F, 0xF5)
    /// Products of unsigned (first) by signed (second) byte pairs, summed to 16 bits with saturation.
    package let vpmaddubsw = narrow("vpmaddubsw", .m0F38, 0x04)
    package let vpsadbw = Form<Binary>(
        "vpsadbw",
        Encoding.rvm(.m0F, .p66, 0xF6, vex: .ignored, evex: .w0, .vector).unmasked
    )
    /// Adds the products of four unsigned (first) by signed (second) bytes to each 32-bit element.
    package let vpdpbusd = Form<BinaryBroadcast>("vpdpbusd", .rvm(.m0F38, .p66, 0x50, evex: .w0, .full32))
    package let vpdpbusds = Form<BinaryBroadcast>("vpdpbusds", .rvm(.m0F38, .p66, 0x51, evex: .w0, .full32))
    package let vpdpwssd = Form<BinaryBroadcast>("vpdpwssd", .rvm(.m0F38, .p66, 0x52, evex: .w0, .full32))
    package let vpdpwssds = Form<BinaryBroadcast>("vpdpwssds", .rvm(.m0F38, .p66, 0x53, evex: .w0, .full32))
    /// The AVX-VNNI spelling, for processors without AVX-512.
    package let vexVpdpbusd = Form<VEXBinary>("{vex} vpdpbusd", .rvm(.m0F38, .p66, 0x50, vex: .w0, .vector))
    package let vexVpdpbusds = Form<VEXBinary>("{vex} vpdpbusds", .rvm(.m0F38, .p66, 0x51, vex: .w0, .vector))
    package let vexVpdpwssd = Form<VEXBinary>("{vex} vpdpwssd", .rvm(.m0F38, .p66, 0x52, vex: .w0, .vector))
    package let vexVpdpwssds = Form<VEXBinary>("{vex} vpdpwssds", .rvm(.m0F38, .p66, 0x53, vex: .w0, .vector))
    /// Adds the products of bfloat16 pairs to each float.
    package let vdpbf16ps = Form<BinaryBroadcast>("vdpbf16ps", .rvm(.m0F38, .pF3, 0x52, evex: .w0, .full32))

    // MARK: Minimum, maximum, absolute value
    package let vpminsb = narrow("vpminsb", .m0F38, 0x38)
    package let vpminsw = narrow("vpminsw", .m0F, 0xEA)
    package let vpminsd = packed32("vpminsd", .m0F38, 0x39)
    package let vpminub = narrow("vpminub", .m0F, 0xDA)
    package let vpminuw = narrow("vpminuw", .m0F38, 0x3A)
    package let vpminud = packed32("vpminud", .m0F38, 0x3B)
    package let vpmaxsb = narrow("vpmaxsb", .m0F38, 0x3C)
    package let vpmaxsw = narrow("vpmaxsw", .m0F, 0xEE)
    package let vpmaxsd = packed32("vpmaxsd", .m0F38, 0x3D)
    package let vpmaxub = narrow("vpmaxub", .m0F, 0xDE)
    package let vpmaxuw = narrow("vpmaxuw", .m0F38, 0x3E)
    package let vpmaxud = packed32("vpmaxud", .m0F38, 0x3F)
    package let vpabsb = Form<Unary>("vpabsb", .rm(.m0F38, .p66, 0x1C, vex: .ignored, evex: .w0, .vector))
    package let vpabsw = Form<Unary>("vpabsw", .rm(.m0F38, .p66, 0x1D, vex: .ignored, evex: .w0, .vector))
    package let vpabsd = Form<UnaryBroadcast>("vpabsd", .rm(.m0F38, .p66, 0x1E, vex: .ignored, evex: .w0, .full32))

    // MARK: Compares
    package let vpcmpd = compare("vpcmpd", 0x1F, .w0, .full32)
    package let vpcmpud = compare("vpcmpud", 0x1E, .w0, .full32)
    package let vpcmpq = compare("vpcmpq", 0x1F, .w1, .full64)
    package let vpcmpb = compare("vpcmpb", 0x3F, .w0, .vector)
    package let vpcmpub = compare("vpcmpub", 0x3E, .w0, .vector)
    package let vpcmpw = compare("vpcmpw", 0x3F, .w1, .vector)
    package let vpcmpuw = compare("vpcmpuw", 0x3E, .w1, .vector)
    package let vpcmpeqb = fixedCompare("vpcmpeqb", .m0F, 0x74, .w0, .vector)
    package let vpcmpeqw = fixedCompare("vpcmpeqw", .m0F, 0x75, .w0, .vector)
    package let vpcmpeqd = fixedCompare("vpcmpeqd", .m0F, 0x76, .w0, .full32)
    package let vpcmpeqq = fixedCompare("vpcmpeqq", .m0F38, 0x29, .w1, .full64)
    package let vpcmpgtb = fixedCompare("vpcmpgtb", .m0F, 0x64, .w0, .vector)
    package let vpcmpgtw = fixedCompare("vpcmpgtw", .m0F, 0x65, .w0, .vector)
    package let vpcmpgtd = fixedCompare("vpcmpgtd", .m0F, 0x66, .w0, .full32)
    package let vpcmpgtq = fixedCompare("vpcmpgtq", .m0F38, 0x37, .w1, .full64)
    package let vptestmd = Form<FixedCompare>("vptestmd", .rvm(.m0F38, .p66, 0x27, evex: .w0, .full32, dst: .mask))
    package let vptestnmd = Form<FixedCompare>("vptestnmd", .rvm(.m0F38, .pF3, 0x27, evex: .w0, .full32, dst: .mask))
    package let vptestmb = Form<FixedCompare>("vptestmb", .rvm(.m0F38, .p66, 0x26, evex: .w0, .vector, dst: .mask))

    // MARK: Shifts
    package let vpsllw = shift("vpsllw", 0xF1, 0x71, 6, vex: .ignored, .w0, .vector)
    package let vpslld = shift("vpslld", 0xF2, 0x72, 6, vex: .ignored, .w0, .full32)
    package let vpsllq = shift("vpsllq", 0xF3, 0x73, 6, vex: .ignored, .w1, .full64)
    package let vpsrlw = shift("vpsrlw", 0xD1, 0x71, 2, vex: .ignored, .w0, .vector)
    package let vpsrld = shift("vpsrld", 0xD2, 0x72, 2, vex: .ignored, .w0, .full32)
    package let vpsrlq = shift("vpsrlq", 0xD3, 0x73, 2, vex: .ignored, .w1, .full64)
    package let vpsraw = shift("vpsraw", 0xE1, 0x71, 4, vex: .ignored, .w0, .vector)
    package let vpsrad = shift("vpsrad", 0xE2, 0x72, 4, vex: .ignored, .w0, .full32)
    package let vpsraq = shift("vpsraq", 0xE2, 0x72, 4, vex: nil, .w1, .full64)
    package let vpsllvd = Form<BinaryBroadcast>("vpsllvd", .rvm(.m0F38, .p66, 0x47, vex: .w0, evex: .w0, .full32))
    package let vpsllvq = Form<BinaryBroadcast>("vpsllvq", .rvm(.m0F38, .p66, 0x47, vex: .w1, evex: .w1, .full64))
    package let vpsrlvd = Form<BinaryBroadcast>("vpsrlvd", .rvm(.m0F38, .p66, 0x45, vex: .w0, evex: .w0, .full32))
    package let vpsrlvq = Form<BinaryBroadcast>("vpsrlvq", .rvm(.m0F38, .p66, 0x45, vex: .w1, evex: .w1, .full64))
    package let vpsravd = Form<BinaryBroadcast>("vpsravd", .rvm(.m0F38, .p66, 0x46, vex: .w0, evex: .w0, .full32))
    package let vpslldq = Form<LaneShift>("vpslldq", laneShift(7))
    package let vpsrldq = Form<LaneShift>("vpsrldq", laneShift(3))
}

private func narrow(_ mnemonic: String, _ map: OpcodeMap, _ opcode: UInt8) -> Form<Binary> {
    Form(mnemonic, .rvm(map, .p66, opcode, vex: .ignored, evex: .ignored, .vector))
}

private func packed32(_ mnemonic: String, _ map: OpcodeMap, _ opcode: UInt8) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(map, .p66, opcode, vex: .ignored, evex: .w0, .full32))
}

private func packed64(_ mnemonic: String, _ map: OpcodeMap, _ opcode: UInt8) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(map, .p66, opcode, vex: .ignored, evex: .w1, .full64))
}

private func compare(
    _ mnemonic: String,
    _ opcode: UInt8,
    _ width: WidthBit,
    _ tuple: TupleType
) -> Form<IntegerCompare> {
    Form(mnemonic, .rvmi(.m0F3A, .p66, opcode, evex: width, tuple, dst: .mask))
}

private func fixedCompare(
    _ mnemonic: String,
    _ map: OpcodeMap,
    _ opcode: UInt8,
    _ width: WidthBit,
    _ tuple: TupleType
) -> Form<FixedCompare> {
    Form(
        mnemonic,
        .rvm(map, .p66, opcode, vex: .ignored, .vector),
        .rvm(map, .p66, opcode, evex: width, tuple, dst: .mask)
    )
}

private func shift(
    _ mnemonic: String,
    _ opcode: UInt8,
    _ immediateOpcode: UInt8,
    _ digit: UInt8,
    vex: WidthBit?,
    _ evex: WidthBit,
    _ tuple: TupleType
) -> Form<Shift> {
    Form(
        mnemonic,
        [.rvm(.m0F, .p66, opcode, vex: vex, evex: evex, .fixed(16), b: .xmm)]
            + Encoding.vmi(.m0F, .p66, immediateOpcode, digit: digit, vex: vex, evex: evex, tuple)
    )
}

private func laneShift(_ digit: UInt8) -> [Encoding] {
    Encoding.vmi(.m0F, .p66, 0x73, digit: digit, vex: .ignored, evex: .ignored, .vector).map(\.unmasked)
}
