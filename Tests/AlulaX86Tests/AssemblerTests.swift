// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86
internal import Testing

/// Labels, jumps, alignment and the listing.
@Suite struct AssemblerTests {
    // MARK: Labels

    @Test func aBackwardJumpWithinReachIsShort() throws {
        let asm = Assembler()
        let top = asm.makeLabel()
        asm.bind(top)
        asm.dec(GPR64.rax)  // 3 bytes
        asm.jcc(.notEqual, top)
        #expect(hex(try asm.finish().bytes) == "48ffc8" + "75fb")
    }

    @Test func aBackwardJumpOutOfReachIsNear() throws {
        let asm = Assembler()
        let top = asm.makeLabel()
        asm.bind(top)
        asm.data([UInt8](repeating: 0x90, count: 127))
        asm.jcc(.less, top)
        asm.jmp(top)
        #expect(hex(Array(try asm.finish().bytes.dropFirst(127))) == "0f8c7bffffff" + "e976ffffff")
    }

    @Test(arguments: [(126, 2), (127, 5)])
    func theShortestBackwardFormIsChosenAtTheEdge(paddingByteCount: Int, jumpByteCount: Int) throws {
        let asm = Assembler()
        let top = asm.makeLabel()
        asm.bind(top)
        asm.data([UInt8](repeating: 0x90, count: paddingByteCount))
        asm.jmp(top)
        #expect(try asm.finish().bytes.count == paddingByteCount + jumpByteCount)
    }

    @Test func aForwardJumpIsNearUnlessShortIsAskedFor() throws {
        let asm = Assembler()
        let end = asm.makeLabel()
        asm.jcc(.equal, end)
        asm.jmp(end, short: true)
        asm.ret()
        asm.bind(end)
        #expect(hex(try asm.finish().bytes) == "0f8403000000" + "eb01" + "c3")
    }

    @Test func aCallReachesForwardsAndBackwards() throws {
        let asm = Assembler()
        let routine = asm.makeLabel()
        asm.call(routine)
        asm.bind(routine)
        asm.ret()
        asm.call(routine)
        #expect(hex(try asm.finish().bytes) == "e800000000" + "c3" + "e8faffffff")
    }

    @Test func aMemoryOperandReachesDataPastItsOwnImmediate() throws {
        let asm = Assembler()
        let table = asm.makeLabel()
        asm.vpermilpsImmediate(YMM(1), Memory(table, 4), 0x1B)  // the displacement counts from behind the immediate
        asm.vmovups(ZMM(1), Memory(table))
        asm.bind(table)
        asm.data([Float(1)])
        #expect(hex(try asm.finish().bytes) == "c4e37d040d0e0000001b" + "62f17c48100d00000000" + "0000803f")
    }

    @Test func anUnboundLabelIsNamed() throws {
        let asm = Assembler()
        asm.jmp(asm.makeLabel())
        #expect(throws: EncodingError.unboundLabel(index: 0, usedAtOffset: 1)) { try asm.finish() }
    }

    @Test func aLabelBoundTwiceIsNamed() throws {
        let asm = Assembler()
        let label = asm.makeLabel()
        asm.bind(label)
        asm.ret()
        asm.bind(label)
        #expect(throws: EncodingError.labelBoundTwice(index: 0, firstOffset: 0, secondOffset: 1)) { try asm.finish() }
    }

    @Test func aShortJumpOutOfReachIsNamed() throws {
        let asm = Assembler()
        let end = asm.makeLabel()
        asm.jmp(end, short: true)
        asm.data([UInt8](repeating: 0, count: 128))
        asm.bind(end)
        #expect(throws: EncodingError.shortJumpOutOfRange(atOffset: 0, distance: 128)) { try asm.finish() }
    }

    @Test func aLabelOfAnotherAssemblerIsNamed() throws {
        let asm = Assembler()
        asm.jmp(Assembler().makeLabel())
        #expect(throws: EncodingError.foreignLabel(index: 0)) { try asm.finish() }
    }

    // MARK: Alignment

    @Test(arguments: 0..<70)
    func alignmentReachesTheNextMultiple(start: Int) throws {
        let asm = Assembler()
        asm.data([UInt8](repeating: 0xCC, count: start))
        asm.align(to: 32)
        #expect(asm.bytes.count == (start + 31) / 32 * 32)
    }

    @Test(arguments: [0, 3, -8, 8192])
    func anAlignmentThatIsNoPowerOfTwoIsNamed(byteCount: Int) throws {
        let asm = Assembler()
        asm.align(to: byteCount)
        #expect(throws: EncodingError.invalidAlignment(byteCount)) { try asm.finish() }
    }

    // MARK: Listing

    @Test func theListingShowsOffsetBytesTextAndComment() throws {
        let asm = Assembler(recordsListing: true)
        let top = asm.makeLabel()
        asm.bind(top)
        asm.comment("next row")
        asm.add(GPR64.rsi, 64)
        asm.jcc(.notEqual, top)
        asm.ret()
        #expect(
            try asm.finish().listing.description == """
                L0:
                     0: 48 83 c6 40                       add rsi, 64  ; next row
                     4: 75 fa                             jne L0
                     6: c3                                ret
                """
        )
    }

    @Test func noListingIsKeptUnlessAskedFor() throws {
        let asm = Assembler()
        asm.ret()
        #expect(try asm.finish().listing.lines.isEmpty)
    }

    // MARK: Errors

    @Test(arguments: [
        (GPR64(16), "mov gpr16, rax", 16, 15), (GPR64(255), "mov gpr255, rax", 255, 15),
    ])
    func aGeneralRegisterThatDoesNotExistIsNamed(register: GPR64, text: String, number: Int, limit: Int) {
        let asm = Assembler()
        asm.mov(register, GPR64.rax)
        #expect(throws: EncodingError.registerOutOfRange(instruction: text, number: number, limit: limit)) {
            try asm.finish()
        }
    }

    @Test func aVectorRegisterThatDoesNotExistIsNamed() {
        let asm = Assembler()
        asm.vaddps(ZMM(32), ZMM(1), ZMM(2))
        #expect(
            throws: EncodingError.registerOutOfRange(
                instruction: "vaddps zmm32, zmm1, zmm2",
                number: 32,
                limit: 31
            )
        ) { try asm.finish() }
    }

    @Test func theStackPointerCannotBeAnIndex() {
        let asm = Assembler()
        asm.lea(GPR64.rax, Memory(.rax, index: .rsp))
        #expect(throws: EncodingError.stackPointerAsIndex(instruction: "lea rax, [rax + 1*rsp]")) { try asm.finish() }
    }

    @Test func aDisplacementBeyond32BitsIsNamed() {
        let asm = Assembler()
        asm.lea(GPR64.rax, Memory(.rax, 1 << 31))
        #expect(
            throws: EncodingError.displacementOutOfRange(
                instruction: "lea rax, [rax + 2147483648]",
                displacement: 1 << 31
            )
        ) { try asm.finish() }
    }

    @Test func aFormThatExistsOnlyInVEXRefusesHighRegisters() {
        let asm = Assembler()
        asm.vpand(YMM(16), YMM(1), YMM(2))
        #expect(
            throws: EncodingError.notEncodable(
                instruction: "vpand ymm16, ymm1, ymm2",
                reason: "a mask, a broadcast, zmm or registers 16 to 31 need EVEX"
            )
        ) { try asm.finish() }
    }

    @Test func aMaskOfZeroIsRefused() {
        let asm = Assembler()
        asm.vaddps(ZMM(1), ZMM(2), ZMM(3), mask: .zeroing(MaskRegister(0)))
        #expect(
            throws: EncodingError.notEncodable(
                instruction: "vaddps zmm1 {k0} {z}, zmm2, zmm3",
                reason: "k0 cannot be a mask"
            )
        ) { try asm.finish() }
    }

    @Test func aLengthTheFormDoesNotHaveIsNamed() {
        let asm = Assembler()
        asm.vpermps(XMM(1), XMM(2), XMM(3))
        #expect(
            throws: EncodingError.notEncodable(instruction: "vpermps xmm1, xmm2, xmm3", reason: "no 128-bit form")
        ) { try asm.finish() }
    }

    @Test func operandsThatNoRowTakesAreNamed() {
        let asm = Assembler()
        asm.emit(ArithmeticTable.shared.vaddps.instruction, [ZMM(1).operand, YMM(2).operand, ZMM(3).operand])
        #expect(throws: EncodingError.noMatchingForm(instruction: "vaddps zmm1, ymm2, zmm3")) { try asm.finish() }
    }

    @Test func onlyTheFirstErrorIsKept() {
        let asm = Assembler()
        asm.vaddps(ZMM(40), ZMM(1), ZMM(2))
        asm.vaddps(ZMM(50), ZMM(1), ZMM(2))
        asm.ret()
        #expect(asm.bytes.isEmpty)
        #expect("\(String(describing: asm.firstError))".contains("zmm40"))
    }

    @Test func anErrorReadsWhatWhereGotExpected() {
        let error = EncodingError.registerOutOfRange(instruction: "mov gpr16, rax", number: 16, limit: 15)
        #expect(
            error.description == "register number out of range, in \"mov gpr16, rax\": got 16, expected 0 to 15"
        )
    }
}
