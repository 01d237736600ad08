// SPDX-License-Identifier: Apache-2.0

package import AlulaX86

/// Machine code of one kernel, not yet executable.
package struct KernelCode: Sendable {
    /// `<program name>__<isa>`: what profilers and dumps show.
    package let name: String
    /// Position-independent; entered at byte 0 with the address of the argument structure.
    package let code: MachineCode

    /// Names finished code.
    package init(name: String, code: MachineCode) {
        self.name = name
        self.code = code
    }
}

/// Lowers programs to machine code.
package struct KernelCompiler: Sendable {
    /// The instruction set and vector length to emit.
    package var target: VectorTarget
    /// Fills vector registers with NaN on entry, so that a forgotten load fails tests.
    package var poisonsRegisters: Bool
    /// Keeps an annotated listing.
    package var recordsListing: Bool

    /// By default registers are poisoned in debug builds.
    package init(target: VectorTarget, poisonsRegisters: Bool = isDebugBuild, recordsListing: Bool = false) {
        self.target = target
        self.poisonsRegisters = poisonsRegisters
        self.recordsListing = recordsListing
    }

    /// Compiles `program`, whose vectors must be as long as the target's.
    package func compile(_ program: KernelProgram) throws(JITError) -> KernelCode {
        guard program.lanes == target.lanes else {
            throw .invalidProgram(
                kernel: program.name,
                reason: "written for \(program.lanes) lanes, compiled for \(target)"
            )
        }
        let code =
            switch (target.isa, target.lanes) {
            case (.avx512, 16): try emit(program, AVX512Lowering<ZMM>.self)
            case (.avx512, 8): try emit(program, AVX512Lowering<YMM>.self)
            case (.avx512, _): try emit(program, AVX512Lowering<XMM>.self)
            case (.avx2, 8): try emit(program, AVX2Lowering<YMM>.self)
            case (.avx2, _): try emit(program, AVX2Lowering<XMM>.self)
            }
        return KernelCode(name: "\(program.name)__\(target.isa.rawValue)", code: code)
    }

    private func emit<L: VectorLowering>(_ program: KernelProgram, _ type: L.Type) throws(JITError) -> MachineCode {
        var scratchCount = 0
        for step in program.steps {
            if case .operation(let operation) = step {
                scratchCount = max(scratchCount, L.scratchCount(for: operation))
            }
        }
        let context = try EmissionContext(
            program,
            target: target,
            vectorScratchCount: scratchCount,
            recordsListing: recordsListing
        )
        var emitter = KernelEmitter(lowering: L(context: context))
        if poisonsRegisters { emitter.lowering.poison() }
        try emitter.emit()
        do throws(EncodingError) {
            return try context.asm.finish()
        } catch {
            throw .encoding(kernel: program.name, error)
        }
    }

    /// Whether assertions are on.
    package static var isDebugBuild: Bool {
        var result = false
        assert({ result = true }() == ())
        return result
    }
}

/// Walks a program and emits prologue, steps, epilogue and constants.
private struct KernelEmitter<L: VectorLowering> {
    let lowering: L
    private let integers: IntegerLowering
    /// Borders that are open: where to jump back to, where to jump out to.
    private var open: [(start: Label, end: Label, counter: Variable?)] = []

    private var context: EmissionContext { lowering.context }
    private var asm: Assembler { lowering.context.asm }

    init(lowering: L) {
        self.lowering = lowering
        integers = IntegerLowering(context: lowering.context)
    }

    mutating func emit() throws(JITError) {
        for register in context.savedRegisters { asm.push(register) }
        let steps = context.program.steps
        for (index, step) in steps.enumerated() {
            asm.comment(context.program.text(of: step))
            try emit(step, isInnermost: Self.isInnermost(index, steps))
        }
        asm.vzeroupper()
        for register in context.savedRegisters.reversed() { asm.pop(register) }
        asm.ret()
        context.writeConstants()
    }

    /// Whether no loop begins inside the loop that begins at `index`.
    private static func isInnermost(_ index: Int, _ steps: [KernelProgram.Step]) -> Bool {
        guard case .loopBegin = steps[index] else { return false }
        for step in steps[(index + 1)...] {
            switch step {
            case .loopBegin: return false
            case .loopEnd: return true
            default: continue
            }
        }
        return false
    }

    private mutating func emit(_ step: KernelProgram.Step, isInnermost: Bool) throws(JITError) {
        switch step {
        case .operation(let operation): try emit(operation)
        case .loopBegin(let counter, let count): beginLoop(counter, count, isInnermost: isInnermost)
        case .loopEnd: endLoop()
        case .conditionBegin(let left, let predicate, let right):
            let (no, end) = (asm.makeLabel(), asm.makeLabel())
            asm.jcc(integers.compareForNo(left, predicate, right), no)
            open.append((start: no, end: end, counter: nil))
        case .otherwise:
            guard let border = open.last else { return }
            asm.jmp(border.end)
            asm.bind(border.start)
        case .conditionEnd:
            guard let border = open.popLast() else { return }
            if asm.position(of: border.start) == nil { asm.bind(border.start) }
            asm.bind(border.end)
        }
    }

    private mutating func beginLoop(_ counter: Variable, _ count: IntegerOperand, isInnermost: Bool) {
        let (start, end) = (asm.makeLabel(), asm.makeLabel())
        integers.set(counter, count)
        if case .variable = count {
            asm.test(context.general(counter), context.general(counter))
            asm.jcc(.lessOrEqual, end)
        }
        if isInnermost { asm.align(to: 32) }
        asm.bind(start)
        open.append((start: start, end: end, counter: counter))
    }

    private mutating func endLoop() {
        guard let border = open.popLast(), let counter = border.counter else { return }
        asm.sub(context.general(counter), 1)
        asm.jcc(.notEqual, border.start)
        asm.bind(border.end)
    }

    private func emit(_ operation: Operation) throws(JITError) {
        switch operation {
        case .setInteger(let dst, let value): integers.set(dst, value)
        case .integer(let op, let dst, let value): try integers.apply(op, dst, value)
        case .loadInteger(let dst, let memory, let byteCount):
            try integers.loadInteger(dst, memory, byteCount: byteCount)
        case .storeInteger(let value, let memory, let byteCount):
            try integers.storeInteger(value, memory, byteCount: byteCount)
        case .prefetch(let memory, let distance): try integers.prefetch(memory, distance)
        default: try lowering.lower(operation)
        }
    }
}
