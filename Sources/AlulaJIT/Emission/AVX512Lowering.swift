// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// AVX-512 F, BW, VL, DQ: masks have their own registers, constants are broadcast by the instruction that reads them.
struct AVX512Lowering<V: VectorRegister>: VectorLowering {
    let context: EmissionContext

    static func scratchCount(for operation: Operation) -> Int {
        switch operation {
        case .reduce, .store(_, _, .uint8, _): 1
        default: 0
        }
    }

    func emit(_ call: Call<BinaryBroadcast>, _ dst: V, _ a: V, _ source: VectorSource) throws(JITError) {
        switch source {
        case .variable(let variable): call(dst, a, vector(variable))
        case .memory(let memory): call(dst, a, try context.memory(memory))
        case .repeated(let memory): call(dst, a, try context.memory(memory).broadcast)
        case .constant(let bits): call(dst, a, context.constant(.word(bits)).broadcast)
        }
    }

    // MARK: Memory

    func load(_ operation: Operation, _ dst: V, _ memory: Memory, _ type: ElementType, _ mask: Variable?) {
        let masking = mask.map { Masking.zeroing(context.mask($0)) }
        switch type {
        case .word: asm.vmovups(dst, memory, mask: masking)
        case .float16: asm.vcvtph2ps(dst, memory, mask: masking)
        case .bfloat16:
            asm.vpmovzxwd(dst, memory, mask: masking)
            asm.vpslld(dst, dst, 16)
        case .int8: asm.vpmovsxbd(dst, memory, mask: masking)
        case .uint8: asm.vpmovzxbd(dst, memory, mask: masking)
        }
    }

    func store(
        _ operation: Operation,
        _ value: V,
        _ memory: Memory,
        _ type: ElementType,
        _ mask: Variable?
    ) throws(JITError) {
        let register = mask.map(context.mask)
        switch type {
        case .word: asm.vmovups(memory, value, mask: register)
        case .float16: asm.vcvtps2ph(memory, value, 0, mask: register)
        case .bfloat16: throw context.unsupported(operation)
        case .int8: asm.vpmovsdb(memory, value, mask: register)
        case .uint8:
            // The unsigned saturation takes its source for unsigned too, so negative values go to zero first.
            let scratch: V = context.vectorScratch()
            asm.vxorps(scratch, scratch, scratch)
            asm.vpmaxsd(scratch, value, scratch)
            asm.vpmovusdb(memory, scratch, mask: register)
        }
    }

    func gather(_ dst: V, _ memory: GatherMemory<V>, _ mask: Variable?) {
        let scratch = RegisterPools.maskScratch  // the instruction clears it as elements arrive
        if let mask {
            asm.kmovw(scratch, context.mask(mask))
        } else {
            asm.kxnorw(scratch, scratch, scratch)
        }
        asm.vxorps(dst, dst, dst)
        asm.vgatherdps(dst, memory, mask: scratch)
    }

    // MARK: Values

    func spread(_ dst: V, _ src: GPR64) { asm.vpbroadcastd(dst, src.low32) }

    func round(_ dst: V, _ src: V, mode: UInt8) { asm.vrndscaleps(dst, src, mode) }

    func dotBytes(_ operation: Operation, _ accumulator: V, _ a: V, _ source: VectorSource) throws(JITError) {
        guard context.target.hasByteDot else { throw context.unsupported(operation) }
        try emit(asm.vpdpbusd, accumulator, a, source)
    }

    func swapHalves(_ dst: V, _ src: V) {
        asm.vshuff32x4(dst, src, src, V.length == .bits512 ? 0x4E : 0x01)
    }

    func evenElements(_ dst: V, _ a: V, _ b: V) {
        asm.vmovups(dst, context.constant(.evenIndex))
        asm.vpermi2ps(dst, a, b)
    }

    func interleave(_ dst: V, _ a: V, _ b: V, secondHalves: Bool) {
        let lanes = UInt32(context.target.lanes)
        let first = secondHalves ? lanes / 2 : 0
        asm.vmovups(dst, context.constant(.words((0..<lanes).map { first + $0 / 2 + $0 % 2 * lanes })))
        asm.vpermi2ps(dst, a, b)
    }

    func quarters(_ dst: V, _ a: V, _ b: V, odd: Bool) {
        switch V.length {
        case .bits512: asm.vshuff32x4(dst, a, b, odd ? 0xDD : 0x88)
        case .bits256: asm.vshuff32x4(dst, a, b, odd ? 0x03 : 0x00)
        case .bits128: asm.vmovaps(dst, odd ? b : a)
        }
    }

    // MARK: Masks

    func lanesBelow(_ dst: Variable, _ count: GPR64) {
        let bits = RegisterPools.integerScratch
        asm.mov(bits, -1)
        asm.bzhi(bits, bits, count)
        asm.kmovw(context.mask(dst), bits.low32)
    }

    func compare(_ predicate: VectorPredicate, _ dst: Variable, _ a: V, _ source: VectorSource) throws(JITError) {
        let result = context.mask(dst)
        let memory: (any MemorySource)?
        switch source {
        case .variable: memory = nil
        case .memory(let reference): memory = try context.memory(reference)
        case .repeated(let reference): memory = try context.memory(reference).broadcast
        case .constant(let bits): memory = context.constant(.word(bits)).broadcast
        }
        if let predicate = floatPredicate(predicate) {
            if let memory { return compare(result, a, memory, predicate) }
            if case .variable(let b) = source { asm.vcmpps(result, a, vector(b), predicate) }
        } else {
            let predicate: IntegerPredicate = predicate == .integerEqual ? .equal : .greaterThan
            if let memory { return compare(result, a, memory, predicate) }
            if case .variable(let b) = source { asm.vpcmpd(result, a, vector(b), predicate) }
        }
    }

    private typealias IntegerPredicate = AlulaX86.IntegerPredicate

    private func compare(_ dst: MaskRegister, _ a: V, _ memory: some MemorySource, _ predicate: FloatPredicate) {
        asm.vcmpps(dst, a, memory, predicate)
    }

    private func compare(_ dst: MaskRegister, _ a: V, _ memory: some MemorySource, _ predicate: IntegerPredicate) {
        asm.vpcmpd(dst, a, memory, predicate)
    }

    func combine(_ op: MaskOperator, _ dst: Variable, _ a: Variable, _ b: Variable) {
        let call: Call<MaskBinary> =
            switch op {
            case .and: asm.kandw
            case .or: asm.korw
            case .xor: asm.kxorw
            case .andNot: asm.kandnw
            }
        call(context.mask(dst), context.mask(a), context.mask(b))
    }

    func select(_ dst: V, _ mask: Variable, _ a: V, _ b: V) {
        asm.vblendmps(dst, b, a, mask: .merging(context.mask(mask)))
    }

    func poison() {
        for number in 0..<UInt8(32) { asm.vpternlogd(ZMM(number), ZMM(number), ZMM(number), 0xFF) }
    }
}
