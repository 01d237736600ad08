// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// AVX2, FMA, F16C, BMI2: masks are vectors of all ones and zeros, constants lie in memory as whole vectors.
struct AVX2Lowering<V: VEXRegister>: VectorLowering {
    let context: EmissionContext

    static func scratchCount(for operation: Operation) -> Int {
        switch operation {
        case .reduce, .gather, .interleave, .store(_, _, .int8, _), .store(_, _, .uint8, _): 1
        case .load(_, _, let type, mask: .some), .store(_, _, let type, mask: .some): type == .word ? 0 : 1
        case .vector(_, _, _, .repeated), .accumulate(_, _, _, .repeated), .multiplyAdd(_, _, _, .repeated),
            .dotBytes(_, _, .repeated), .compare(_, _, _, .repeated):
            1
        default: 0
        }
    }

    func emit(_ call: Call<BinaryBroadcast>, _ dst: V, _ a: V, _ source: VectorSource) throws(JITError) {
        switch try resolved(source) {
        case .register(let register): call(dst, a, register)
        case .memory(let memory): call(dst, a, memory)
        }
    }

    private enum Resolved {
        case register(V)
        case memory(Memory)
    }

    /// `source` as VEX can read it; a repeated element goes through the scratch register.
    private func resolved(_ source: VectorSource) throws(JITError) -> Resolved {
        switch source {
        case .variable(let variable): return .register(vector(variable))
        case .memory(let memory): return .memory(try context.memory(memory))
        case .constant(let bits): return .memory(context.constant(.vector(bits)))
        case .repeated(let memory):
            let scratch: V = context.vectorScratch()
            asm.vbroadcastss(scratch, try context.memory(memory))
            return .register(scratch)
        }
    }

    // MARK: Memory

    func load(
        _ operation: Operation,
        _ dst: V,
        _ memory: Memory,
        _ type: ElementType,
        _ mask: Variable?
    ) throws(JITError) {
        if let mask {
            guard type == .word else { return loadPart(dst, memory, type, vector(mask)) }
            return asm.vmaskmovps(dst, vector(mask), memory)
        }
        switch type {
        case .word: asm.vmovups(dst, memory)
        case .float16: asm.vcvtph2ps(dst, memory)
        case .bfloat16:
            asm.vpmovzxwd(dst, memory)
            asm.vpslld(dst, dst, 16)
        case .int8: asm.vpmovsxbd(dst, memory)
        case .uint8: asm.vpmovzxbd(dst, memory)
        }
    }

    func store(
        _ operation: Operation,
        _ value: V,
        _ memory: Memory,
        _ type: ElementType,
        _ mask: Variable?
    ) throws(JITError) {
        if let mask {
            guard type != .bfloat16 else { throw context.unsupported(operation) }
            guard type == .word else { return storePart(value, memory, type, vector(mask)) }
            return asm.vmaskmovps(memory, vector(mask), value)
        }
        switch type {
        case .word: asm.vmovups(memory, value)
        case .float16: asm.vcvtps2ph(memory, value, 0)
        case .bfloat16: throw context.unsupported(operation)
        case .int8, .uint8:
            let bytes = packedBytes(value, isSigned: type == .int8)
            if V.length == .bits256 {
                asm.vmovq(memory, bytes)
            } else {
                asm.vmovd(memory, bytes)
            }
        }
    }

    /// The lanes as bytes in the scratch register: saturated to 16, then to 8 bits; the packs work per 128-bit lane, hence
    /// the permute between them.
    func packedBytes(_ value: V, isSigned: Bool) -> XMM {
        let scratch: V = context.vectorScratch()
        asm.vpackssdw(scratch, value, value)
        if V.length == .bits256 { asm.vpermq(scratch, scratch, 0x08) }
        if isSigned {
            asm.vpacksswb(scratch.xmm, scratch.xmm, scratch.xmm)
        } else {
            asm.vpackuswb(scratch.xmm, scratch.xmm, scratch.xmm)
        }
        return scratch.xmm
    }

    func gather(_ dst: V, _ memory: GatherMemory<V>, _ mask: Variable?) {
        let scratch: V = context.vectorScratch()  // the instruction clears it as elements arrive
        if let mask {
            asm.vmovaps(scratch, vector(mask))
        } else {
            asm.vpcmpeqd(scratch, scratch, scratch)
        }
        asm.vxorps(dst, dst, dst)
        asm.vgatherdps(dst, memory, selector: scratch)
    }

    // MARK: Values

    func spread(_ dst: V, _ src: GPR64) {
        asm.vmovd(dst.xmm, src.low32)
        asm.vpbroadcastd(dst, dst.xmm)
    }

    func round(_ dst: V, _ src: V, mode: UInt8) { asm.vroundps(dst, src, mode) }

    func dotBytes(_ operation: Operation, _ accumulator: V, _ a: V, _ source: VectorSource) throws(JITError) {
        guard context.target.hasByteDot else { throw context.unsupported(operation) }
        switch try resolved(source) {
        case .register(let register): asm.vexVpdpbusd(accumulator, a, register)
        case .memory(let memory): asm.vexVpdpbusd(accumulator, a, memory)
        }
    }

    func swapHalves(_ dst: V, _ src: V) { asm.vperm2f128(dst, src, src, 0x01) }

    func evenElements(_ dst: V, _ a: V, _ b: V) {
        asm.vshufps(dst, a, b, 0x88)
        if V.length == .bits256 { asm.vpermpd(dst, dst, 0xD8) }
    }

    func interleave(_ dst: V, _ a: V, _ b: V, secondHalves: Bool) {
        guard V.length == .bits256 else {
            return secondHalves ? asm.vunpckhps(dst, a, b) : asm.vunpcklps(dst, a, b)
        }
        let scratch: V = context.vectorScratch()
        asm.vunpcklps(dst, a, b)
        asm.vunpckhps(scratch, a, b)
        asm.vperm2f128(dst, dst, scratch, secondHalves ? 0x31 : 0x20)
    }

    func quarters(_ dst: V, _ a: V, _ b: V, odd: Bool) {
        if V.length == .bits256 {
            asm.vperm2f128(dst, a, b, odd ? 0x31 : 0x20)
        } else {
            asm.vmovaps(dst, odd ? b : a)
        }
    }

    // MARK: Masks

    func lanesBelow(_ dst: Variable, _ count: GPR64) {
        let result = vector(dst)
        spread(result, count)
        asm.vpcmpgtd(result, result, context.constant(.laneIndex))
    }

    func compare(_ predicate: VectorPredicate, _ dst: Variable, _ a: V, _ source: VectorSource) throws(JITError) {
        let b = try resolved(source)
        if let predicate = floatPredicate(predicate) {
            switch b {
            case .register(let register): asm.vcmpps(vector(dst), a, register, predicate)
            case .memory(let memory): asm.vcmpps(vector(dst), a, memory, predicate)
            }
        } else {
            let call = predicate == .integerEqual ? asm.vpcmpeqd : asm.vpcmpgtd
            switch b {
            case .register(let register): call(vector(dst), a, register)
            case .memory(let memory): call(vector(dst), a, memory)
            }
        }
    }

    func combine(_ op: MaskOperator, _ dst: Variable, _ a: Variable, _ b: Variable) {
        let call: Call<BinaryBroadcast> =
            switch op {
            case .and: asm.vandps
            case .or: asm.vorps
            case .xor: asm.vxorps
            case .andNot: asm.vandnps
            }
        call(vector(dst), vector(a), vector(b))
    }

    func select(_ dst: V, _ mask: Variable, _ a: V, _ b: V) { asm.vblendvps(dst, b, a, vector(mask)) }

    func poison() {
        for number in 0..<UInt8(16) { asm.vpcmpeqd(YMM(number), YMM(number), YMM(number)) }
    }
}
