// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// Lowers vector operations to one instruction set, for registers of one length.
///
/// A conforming type says how sources, masks and memory look; the arithmetic that instruction sets share is below.
protocol VectorLowering {
    associatedtype V: VectorRegister

    var context: EmissionContext { get }
    init(context: EmissionContext)

    /// Vector registers the sequence for `operation` needs for itself.
    static func scratchCount(for operation: Operation) -> Int

    /// Emits `call` with a source of any kind.
    func emit(_ call: Call<BinaryBroadcast>, _ dst: V, _ a: V, _ source: VectorSource) throws(JITError)
    func load(
        _ operation: Operation,
        _ dst: V,
        _ memory: Memory,
        _ type: ElementType,
        _ mask: Variable?
    )
        throws(JITError)
    func store(
        _ operation: Operation,
        _ value: V,
        _ memory: Memory,
        _ type: ElementType,
        _ mask: Variable?
    )
        throws(JITError)
    func gather(_ dst: V, _ memory: GatherMemory<V>, _ mask: Variable?)
    func spread(_ dst: V, _ src: GPR64)
    func round(_ dst: V, _ src: V, mode: UInt8)
    func dotBytes(_ operation: Operation, _ accumulator: V, _ a: V, _ source: VectorSource) throws(JITError)
    /// `dst = src` with its halves swapped, for vectors longer than 128 bits.
    func swapHalves(_ dst: V, _ src: V)
    func evenElements(_ dst: V, _ a: V, _ b: V)
    func interleave(_ dst: V, _ a: V, _ b: V, secondHalves: Bool)
    func quarters(_ dst: V, _ a: V, _ b: V, odd: Bool)
    func lanesBelow(_ dst: Variable, _ count: GPR64)
    func compare(_ predicate: VectorPredicate, _ dst: Variable, _ a: V, _ source: VectorSource) throws(JITError)
    func combine(_ op: MaskOperator, _ dst: Variable, _ a: Variable, _ b: Variable)
    func select(_ dst: V, _ mask: Variable, _ a: V, _ b: V)
    /// Fills all vector registers with NaN, so that a forgotten load shows.
    func poison()
}

extension VectorLowering {
    var asm: Assembler { context.asm }

    /// The vector register of a variable.
    func vector(_ variable: Variable) -> V { context.vector(variable) }

    /// Emits one vector operation.
    func lower(_ operation: Operation) throws(JITError) {
        switch operation {
        case .load(let dst, let memory, let type, let mask):
            try load(operation, vector(dst), try context.memory(memory), type, mask)
        case .store(let value, let memory, let type, let mask):
            try store(operation, vector(value), try context.memory(memory), type, mask)
        case .broadcast(let dst, let memory, let type): broadcast(vector(dst), try context.memory(memory), type)
        case .gather(let dst, let base, let indices, let scale, let mask):
            let place = GatherMemory(
                context.general(base),
                index: vector(indices),
                scale: try context.scale(scale)
            )
            gather(vector(dst), place, mask)
        case .constant(let dst, let bits): constant(vector(dst), bits)
        case .copy(let dst, let src): copy(vector(dst), vector(src))
        case .laneIndex(let dst): asm.vmovups(vector(dst), context.constant(.laneIndex))
        case .spread(let dst, let src): spread(vector(dst), context.general(src))
        case .vector(let op, let dst, let a, let b): try emit(call(for: op), vector(dst), vector(a), b)
        case .unary(let op, let dst, let a): unary(op, vector(dst), vector(a))
        case .shift(let op, let dst, let a, let count): try shift(op, vector(dst), vector(a), count)
        case .accumulate(let negated, let accumulator, let a, let b):
            try emit(negated ? asm.vfnmadd231ps : asm.vfmadd231ps, vector(accumulator), vector(a), b)
        case .multiplyAdd(let dst, let a, let b, let c): try multiplyAdd(dst, a, b, c)
        case .dotBytes(let accumulator, let a, let b):
            try dotBytes(operation, vector(accumulator), vector(a), b)
        case .reduce(let op, let dst, let src): try reduce(op, vector(dst), vector(src))
        case .evenElements(let dst, let a, let b): evenElements(vector(dst), vector(a), vector(b))
        case .interleave(let second, let dst, let a, let b):
            interleave(vector(dst), vector(a), vector(b), secondHalves: second)
        case .unpack(let op, let dst, let a, let b): call(for: op)(vector(dst), vector(a), vector(b))
        case .quarters(let odd, let dst, let a, let b): quarters(vector(dst), vector(a), vector(b), odd: odd)
        case .lanesBelow(let dst, let count): lanesBelow(dst, context.general(count))
        case .compare(let predicate, let dst, let a, let b): try compare(predicate, dst, vector(a), b)
        case .mask(let op, let dst, let a, let b): combine(op, dst, a, b)
        case .select(let dst, let mask, let a, let b): select(vector(dst), mask, vector(a), vector(b))
        case .setInteger, .integer, .loadInteger, .storeInteger, .prefetch: throw context.unsupported(operation)
        }
    }

    private func call(for op: VectorOperator) -> Call<BinaryBroadcast> {
        switch op {
        case .addFloat: asm.vaddps
        case .subtractFloat: asm.vsubps
        case .multiplyFloat: asm.vmulps
        case .divideFloat: asm.vdivps
        case .minimumFloat: asm.vminps
        case .maximumFloat: asm.vmaxps
        case .addInteger: asm.vpaddd
        case .subtractInteger: asm.vpsubd
        case .multiplyInteger: asm.vpmulld
        case .minimumInteger: asm.vpminsd
        case .maximumInteger: asm.vpmaxsd
        case .and: asm.vandps
        case .or: asm.vorps
        case .xor: asm.vxorps
        case .andNot: asm.vandnps
        }
    }

    private func call(for op: UnpackOperator) -> Call<BinaryBroadcast> {
        switch op {
        case .lowElements: asm.vunpcklps
        case .highElements: asm.vunpckhps
        case .lowPairs: asm.vunpcklpd
        case .highPairs: asm.vunpckhpd
        }
    }

    private func constant(_ dst: V, _ bits: UInt32) {
        if bits == 0 {
            asm.vxorps(dst, dst, dst)
        } else {
            asm.vbroadcastss(dst, context.constant(.word(bits)))
        }
    }

    private func copy(_ dst: V, _ src: V) {
        if dst != src { asm.vmovaps(dst, src) }
    }

    private func broadcast(_ dst: V, _ memory: Memory, _ type: ElementType) {
        switch type {
        case .word: asm.vbroadcastss(dst, memory)
        case .float16:
            asm.vpbroadcastw(V.Half(dst.number), memory)
            asm.vcvtph2ps(dst, V.Half(dst.number))
        case .bfloat16:
            asm.vpbroadcastw(dst, memory)
            asm.vpslld(dst, dst, 16)
        case .int8:
            asm.vpbroadcastb(V.Quarter(dst.number), memory)
            asm.vpmovsxbd(dst, V.Quarter(dst.number))
        case .uint8:
            asm.vpbroadcastb(V.Quarter(dst.number), memory)
            asm.vpmovzxbd(dst, V.Quarter(dst.number))
        }
    }

    private func unary(_ op: UnaryOperator, _ dst: V, _ a: V) {
        switch op {
        case .squareRoot: asm.vsqrtps(dst, a)
        case .roundEven: round(dst, a, mode: 0x8)
        case .floor: round(dst, a, mode: 0x9)
        case .ceiling: round(dst, a, mode: 0xA)
        case .truncate: round(dst, a, mode: 0xB)
        case .toInteger: asm.vcvtps2dq(dst, a)
        case .toIntegerTruncating: asm.vcvttps2dq(dst, a)
        case .toFloat: asm.vcvtdq2ps(dst, a)
        }
    }

    private func shift(_ op: ShiftOperator, _ dst: V, _ a: V, _ count: Int) throws(JITError) {
        guard let bits = UInt8(exactly: count) else {
            throw .invalidProgram(kernel: context.program.name, reason: "a shift by \(count) bits")
        }
        switch op {
        case .left: asm.vpslld(dst, a, bits)
        case .rightLogical: asm.vpsrld(dst, a, bits)
        case .rightArithmetic: asm.vpsrad(dst, a, bits)
        }
    }

    /// `dst = a * b + c` with the form whose overwritten operand is `dst`.
    private func multiplyAdd(_ dst: Variable, _ a: Variable, _ b: Variable, _ c: VectorSource) throws(JITError) {
        let (d, left, right): (V, V, V) = (vector(dst), vector(a), vector(b))
        if d == left { return try emit(asm.vfmadd213ps, d, right, c) }
        if d == right { return try emit(asm.vfmadd213ps, d, left, c) }
        if case .variable(let addend) = c {
            copy(d, vector(addend))
            asm.vfmadd231ps(d, left, right)
        } else {
            copy(d, left)
            try emit(asm.vfmadd213ps, d, right, c)
        }
    }

    /// Butterflies: after `log2(lanes)` rounds every lane holds the result.
    private func reduce(_ op: ReductionOperator, _ dst: V, _ src: V) throws(JITError) {
        let step = call(for: op.lanewise)
        let scratch: V = context.vectorScratch()
        var current = src
        func fold() {
            step(dst, current, scratch)
            current = dst
        }
        if V.length == .bits512 {
            swapHalves(scratch, current)
            fold()
            asm.vshuff32x4(scratch, current, current, 0xB1)
            fold()
        } else if V.length == .bits256 {
            swapHalves(scratch, current)
            fold()
        }
        asm.vpermilpsImmediate(scratch, current, 0x4E)
        fold()
        asm.vpermilpsImmediate(scratch, current, 0xB1)
        fold()
    }

    /// The immediate of a float question.
    func floatPredicate(_ predicate: VectorPredicate) -> FloatPredicate? {
        switch predicate {
        case .floatEqual: .equalOrdered
        case .floatNotEqual: .notEqualUnordered
        case .floatLess: .lessThanOrdered
        case .floatLessOrEqual: .lessOrEqualOrdered
        case .floatGreater: .greaterThanOrdered
        case .floatGreaterOrEqual: .greaterOrEqualOrdered
        case .floatUnordered: .unordered
        case .integerEqual, .integerGreater: nil
        }
    }
}
