// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
internal import AlulaX86
internal import Testing

#if arch(x86_64)
/// The features Linux lists against what the processor says of itself.
@Suite struct ProcessorTests {
    /// Runs `cpuid` leaf 7 and `xgetbv` and stores `ebx`, `ecx` of the one and `eax` of the other.
    private func ask() throws -> (leaf7: UInt32, enabledState: UInt32) {
        let asm = Assembler()
        asm.push(.rbx)
        asm.mov(GPR64.r8, Memory(.rdi))
        asm.mov(GPR64.rax.low32, 7)
        asm.mov(GPR64.rcx.low32, 0)
        asm.cpuid()
        asm.mov(Memory(.r8), GPR64.rbx.low32)
        asm.mov(GPR64.rcx.low32, 0)
        asm.xgetbv()
        asm.mov(Memory(.r8, 4), GPR64.rax.low32)
        asm.pop(.rbx)
        asm.ret()
        let kernel = try ExecutableKernel(KernelCode(name: "ask", code: asm.finish()))
        let words = try Harness.execute(kernel, [[0, 0]])[0]
        return (words[0], words[1])
    }

    @Test(.enabled(if: CPUFeatures.current.contains(.avx2)))
    func listedFeaturesAreThoseOfTheProcessorWithTheirRegistersEnabled() throws {
        let (leaf7, state) = try ask()
        let features = CPUFeatures.current
        // Bit 2: upper halves of ymm. Bits 5 to 7: masks, upper halves of zmm, zmm16 to 31.
        let savesYMM = state & 0b110 == 0b110
        let savesZMM = state & 0b1110_0110 == 0b1110_0110
        #expect(features.contains(.avx2) == (leaf7 >> 5 & 1 == 1 && savesYMM))
        #expect(features.contains(.bmi2) == (leaf7 >> 8 & 1 == 1))
        for (feature, bit) in [(CPUFeatures.avx512f, 16), (.avx512dq, 17), (.avx512bw, 30), (.avx512vl, 31)] {
            #expect(features.contains(feature) == (leaf7 >> UInt32(bit) & 1 == 1 && savesZMM))
        }
    }
}
#endif
