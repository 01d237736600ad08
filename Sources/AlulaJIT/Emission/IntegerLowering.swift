// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// Integers, memory hints and control: the same on every instruction set.
struct IntegerLowering {
    let context: EmissionContext
    private var asm: Assembler { context.asm }

    init(context: EmissionContext) { self.context = context }

    /// `dst = value`.
    func set(_ dst: Variable, _ value: IntegerOperand) {
        let register = context.general(dst)
        switch value {
        case .variable(let src):
            if context.general(src) != register { asm.mov(register, context.general(src)) }
        case .constant(let number): load(number, into: register)
        }
    }

    private func load(_ number: Int, into register: GPR64) {
        if number == 0 {
            asm.xor(register.low32, register.low32)
        } else if let short = Int32(exactly: number) {
            asm.mov(register, short)
        } else {
            asm.movabs(register, Int64(number))
        }
    }

    /// `dst = dst op value`.
    func apply(_ op: IntegerOperator, _ dst: Variable, _ value: IntegerOperand) throws(JITError) {
        let register = context.general(dst)
        switch op {
        case .add: arithmetic(asm.add, register, value)
        case .subtract: arithmetic(asm.sub, register, value)
        case .and: arithmetic(asm.and, register, value)
        case .or: arithmetic(asm.or, register, value)
        case .xor: arithmetic(asm.xor, register, value)
        case .multiply:
            if case .constant(let number) = value, let factor = Int32(exactly: number) {
                asm.imul(register, register, factor)
            } else {
                asm.imul(register, materialised(value))
            }
        case .shiftLeft: asm.shl(register, try shiftCount(value))
        case .shiftRight: asm.shr(register, try shiftCount(value))
        case .minimum: choose(.greater, register, value)
        case .maximum: choose(.less, register, value)
        }
    }

    private func arithmetic(_ call: Call<Arithmetic>, _ register: GPR64, _ value: IntegerOperand) {
        if case .constant(let number) = value, let short = Int32(exactly: number) {
            call(register, short)
        } else {
            call(register, materialised(value))
        }
    }

    /// Takes `value` if the register compares as `condition` with it.
    private func choose(_ condition: Condition, _ register: GPR64, _ value: IntegerOperand) {
        let other = materialised(value)
        asm.cmp(register, other)
        asm.cmov(condition, register, other)
    }

    private func shiftCount(_ value: IntegerOperand) throws(JITError) -> UInt8 {
        guard case .constant(let count) = value, (0..<64).contains(count) else {
            throw .invalidProgram(kernel: context.program.name, reason: "a shift needs a constant count from 0 to 63")
        }
        return UInt8(count)
    }

    /// `value` in a register; constants go to the scratch register.
    private func materialised(_ value: IntegerOperand) -> GPR64 {
        switch value {
        case .variable(let variable): return context.general(variable)
        case .constant(let number):
            load(number, into: RegisterPools.integerScratch)
            return RegisterPools.integerScratch
        }
    }

    func loadInteger(_ dst: Variable, _ memory: MemoryReference, byteCount: Int) throws(JITError) {
        let place = try context.memory(memory)
        switch byteCount {
        case 8: asm.mov(context.general(dst), place)
        case 4: asm.movsxd(context.general(dst), place)
        default:
            throw .invalidProgram(kernel: context.program.name, reason: "integers have 4 or 8 bytes, got \(byteCount)")
        }
    }

    func storeInteger(_ value: Variable, _ memory: MemoryReference, byteCount: Int) throws(JITError) {
        let place = try context.memory(memory)
        switch byteCount {
        case 8: asm.mov(place, context.general(value))
        case 4: asm.mov(place, context.general(value).low32)
        default:
            throw .invalidProgram(kernel: context.program.name, reason: "integers have 4 or 8 bytes, got \(byteCount)")
        }
    }

    func prefetch(_ memory: MemoryReference, _ distance: PrefetchDistance) throws(JITError) {
        let place = try context.memory(memory)
        switch distance {
        case .nearest: asm.prefetcht0(place)
        case .second: asm.prefetcht1(place)
        case .streaming: asm.prefetchnta(place)
        case .forWriting: asm.prefetchw(place)
        }
    }

    /// Sets the flags for a question and returns the condition under which it is answered no.
    func compareForNo(_ left: Variable, _ predicate: IntegerPredicate, _ right: IntegerOperand) -> Condition {
        arithmetic(asm.cmp, context.general(left), right)
        return switch predicate {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }
}
