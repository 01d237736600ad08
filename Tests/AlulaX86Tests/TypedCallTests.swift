// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86
internal import Testing

/// The text of what `emit` emits, as the listing prints it.
private func listing(_ emit: (Assembler) -> Void) throws -> [String] {
    let asm = Assembler(recordsListing: true)
    emit(asm)
    return try asm.finish().listing.lines.map(\.text)
}

/// Typed calls put their operands where Intel syntax has them; the bytes behind the text are ``EncodingTests``' matter.
@Suite struct TypedCallTests {
    @Test func movesPrintTheirOperandsInOrder() throws {
        let lines = try listing { asm in
            asm.vmovups(ZMM(1), Memory(.rsi, 64))
            asm.vmovups(Memory(.rdi), ZMM(2), mask: MaskRegister(3))
            asm.vmovaps(YMM(1), YMM(2))
            asm.vmovss(XMM(1), Memory(.rax))
            asm.vmovss(XMM(1), XMM(2), XMM(3))
            asm.vmovd(XMM(1), GPR64.rcx.low32)
            asm.vmovq(GPR64.r9, XMM(3))
            asm.vmaskmovps(YMM(1), YMM(2), Memory(.rax))
            asm.vmaskmovps(Memory(.rax), YMM(2), YMM(1))
            asm.vpbroadcastd(ZMM(1), GPR64.rdx.low32)
            asm.vbroadcastf32x4(ZMM(1), Memory(.rax))
            asm.vgatherdps(ZMM(1), GatherMemory(.rax, index: ZMM(2), scale: .four), mask: MaskRegister(1))
            asm.vgatherdps(YMM(1), GatherMemory(.rax, index: YMM(2), scale: .four), selector: YMM(3))
            asm.vcompressps(Memory(.rax), ZMM(1), mask: MaskRegister(2))
        }
        #expect(
            lines == [
                "vmovups zmm1, zmmword ptr [rsi + 64]", "vmovups zmmword ptr [rdi] {k3}, zmm2", "vmovaps ymm1, ymm2",
                "vmovss xmm1, dword ptr [rax]", "vmovss xmm1, xmm2, xmm3", "vmovd xmm1, ecx", "vmovq r9, xmm3",
                "vmaskmovps ymm1, ymm2, ymmword ptr [rax]", "vmaskmovps ymmword ptr [rax], ymm2, ymm1",
                "vpbroadcastd zmm1, edx", "vbroadcastf32x4 zmm1, xmmword ptr [rax]",
                "vgatherdps zmm1 {k1}, [rax + 4*zmm2]", "vgatherdps ymm1, [rax + 4*ymm2], ymm3",
                "vcompressps zmmword ptr [rax] {k2}, zmm1",
            ]
        )
    }

    @Test func arithmeticPrintsItsOperandsInOrder() throws {
        let lines = try listing { asm in
            asm.vfmadd231ps(ZMM(30), ZMM(1), Memory(.rsi, index: .rcx, scale: .four, 8).broadcast)
            asm.vaddps(ZMM(1), ZMM(2), ZMM(3), mask: .zeroing(MaskRegister(5)))
            asm.vrndscaleps(ZMM(1), Memory(.rax), 8)
            asm.vcmpps(MaskRegister(2), ZMM(1), ZMM(3), .lessThanOrdered)
            asm.vcmpps(YMM(2), YMM(1), YMM(3), .lessThanOrdered)
            asm.vblendvps(YMM(1), YMM(2), YMM(3), YMM(4))
            asm.vpslld(ZMM(1), ZMM(2), 23)
            asm.vpslld(ZMM(1), ZMM(2), XMM(3))
            asm.vpternlogd(ZMM(1), ZMM(2), ZMM(3), 0xCA)
            asm.vcvtps2ph(YMM(1), ZMM(2), 0)
            asm.vpmovzxbd(ZMM(1), XMM(2))
            asm.vpmovusdb(Memory(.rax), ZMM(2), mask: MaskRegister(1))
            asm.vinsertf64x4(ZMM(1), ZMM(2), YMM(3), 1)
            asm.vextractf32x4(XMM(1), ZMM(2), 3)
        }
        #expect(
            lines == [
                "vfmadd231ps zmm30, zmm1, dword ptr [rsi + 4*rcx + 8]{1to16}", "vaddps zmm1 {k5} {z}, zmm2, zmm3",
                "vrndscaleps zmm1, zmmword ptr [rax], 8", "vcmpps k2, zmm1, zmm3, 17", "vcmpps ymm2, ymm1, ymm3, 17",
                "vblendvps ymm1, ymm2, ymm3, ymm4", "vpslld zmm1, zmm2, 23", "vpslld zmm1, zmm2, xmm3",
                "vpternlogd zmm1, zmm2, zmm3, 202", "vcvtps2ph ymm1, zmm2, 0", "vpmovzxbd zmm1, xmm2",
                "vpmovusdb xmmword ptr [rax] {k1}, zmm2", "vinsertf64x4 zmm1, zmm2, ymm3, 1",
                "vextractf32x4 xmm1, zmm2, 3",
            ]
        )
    }

    @Test func generalInstructionsPrintTheirOperandsInOrder() throws {
        let lines = try listing { asm in
            asm.mov(GPR64.rax, Memory(.rdi, 8))
            asm.mov(Memory(.rdi, 8), GPR64.rax)
            asm.mov(GPR64.rax.low32, -1)
            asm.movabs(.r10, 1 << 40)
            asm.lea(GPR64.r8, Memory(.rax, index: .rcx, scale: .eight))
            asm.add(GPR64.rsi, 64)
            asm.imul(GPR64.rax, GPR64.rcx, 300)
            asm.shl(GPR64.rax, 1)
            asm.sar.byCL(GPR64.rdx)
            asm.bzhi(GPR64.rax, GPR64.rcx, GPR64.rdx)
            asm.cmov(.less, GPR64.rax, GPR64.rbx)
            asm.set(.above, GPR64.rsi.low8)
            asm.kmovw(MaskRegister(1), GPR64.rax.low32)
            asm.kshiftrq(MaskRegister(1), MaskRegister(2), 16)
            asm.prefetcht0(Memory(.rsi, 512))
            asm.push(.r12)
            asm.callRegister(.rax)
            asm.ret()
        }
        #expect(
            lines == [
                "mov rax, qword ptr [rdi + 8]", "mov qword ptr [rdi + 8], rax", "mov eax, -1",
                "movabs r10, 1099511627776", "lea r8, [rax + 8*rcx]", "add rsi, 64", "imul rax, rcx, 300", "shl rax, 1",
                "sar rdx, cl", "bzhi rax, rcx, rdx", "cmovl rax, rbx", "seta sil", "kmovw k1, eax",
                "kshiftrq k1, k2, 16", "prefetcht0 byte ptr [rsi + 512]", "push r12", "call rax", "ret",
            ]
        )
    }
}
