// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// What every part of an emitter shares while one kernel is emitted.
final class EmissionContext {
    let program: KernelProgram
    let target: VectorTarget
    let asm: Assembler
    private let allocation: RegisterAllocation
    private let pools: RegisterPools
    private var constants = ConstantPool()

    init(
        _ program: KernelProgram,
        target: VectorTarget,
        vectorScratchCount: Int,
        recordsListing: Bool
    ) throws(JITError) {
        self.program = program
        self.target = target
        pools = RegisterPools(target: target, vectorScratchCount: vectorScratchCount)
        allocation = try RegisterAllocation(program, pools: pools)
        asm = Assembler(recordsListing: recordsListing)
    }

    // MARK: Registers

    /// The hardware number of `variable`. Unused variables have none, and nothing asks for them.
    private func number(_ variable: Variable) -> UInt8 { allocation[variable] ?? .max }

    /// The general register of an integer.
    func general(_ variable: Variable) -> GPR64 { GPR64(number(variable)) }

    /// The vector register of a vector, or of a mask where masks are vectors.
    func vector<V: VectorRegister>(_ variable: Variable) -> V { V(number(variable)) }

    /// The mask register of a mask.
    func mask(_ variable: Variable) -> MaskRegister { MaskRegister(number(variable)) }

    /// The emitter's own vector register number `index`.
    func vectorScratch<V: VectorRegister>(_ index: Int = 0) -> V { V(UInt8(pools.vectorCount + index)) }

    /// Preserved registers in use.
    var savedRegisters: [GPR64] { allocation.savedRegisters }

    // MARK: Memory

    /// The memory operand of a reference.
    func memory(_ reference: MemoryReference) throws(JITError) -> Memory {
        guard let index = reference.index else { return Memory(general(reference.base), reference.displacement) }
        return Memory(
            general(reference.base),
            index: general(index),
            scale: try scale(reference.scale),
            reference.displacement
        )
    }

    /// The encodable form of a scale.
    func scale(_ factor: Int) throws(JITError) -> Scale {
        guard let scale = Scale.allCases.first(where: { $0.factor == factor }) else {
            throw .invalidProgram(kernel: program.name, reason: "scale \(factor), expected 1, 2, 4 or 8")
        }
        return scale
    }

    /// A constant behind the code.
    func constant(_ content: ConstantPool.Content) -> Memory { Memory(constants.label(content, asm)) }

    /// Writes the constants; called once, behind the last instruction.
    func writeConstants() { constants.write(lanes: target.lanes, asm) }

    /// The error for an operation without instructions.
    func unsupported(_ operation: Operation) -> JITError {
        .unsupported(kernel: program.name, operation: program.text(of: operation), target: "\(target)")
    }
}
