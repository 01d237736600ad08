// SPDX-License-Identifier: Apache-2.0

/// Two-operand integer arithmetic: `dst = dst op src`.
package enum Arithmetic: Shape {}
/// Copies between general registers and memory.
package enum GeneralMove: Shape {}
/// A 64-bit constant.
package enum LongConstant: Shape {}
/// Address arithmetic without access.
package enum LoadAddress: Shape {}
/// `dst = op dst`.
package enum GeneralUnary: Shape {}
/// `dst = dst shifted by imm8 or cl`.
package enum GeneralShift: Shape {}
/// `dst = op(src)` or `dst = dst op src`, source in a register or memory.
package enum GeneralSource: Shape {}
/// Multiplication, with two operands or with a constant.
package enum Multiply: Shape {}
/// A byte, extended.
package enum ExtendByte: Shape {}
/// A 16-bit word in memory, extended.
package enum ExtendWord: Shape {}
/// A 32-bit word, extended to 64.
package enum ExtendDoubleword: Shape {}
/// `dst = src op control`, three registers, no flags.
package enum BitField: Shape {}
/// Sets a byte from the flags.
package enum SetByte: Shape {}
/// A hint about memory that will be used.
package enum Prefetch: Shape {}
/// One 64-bit register: `push`, `pop`, indirect jumps and calls.
package enum RegisterOnly: Shape {}

extension Call where S == Arithmetic {
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: some GeneralRegister) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Int32) { emit(dst, Immediate(src)) }
}

extension Call where S == GeneralMove {
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: some GeneralRegister) { emit(dst, src) }
    /// Sign-extended to the register's width.
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Int32) { emit(dst, Immediate(src)) }
}

extension Call where S == LongConstant {
    package func callAsFunction(_ dst: GPR64, _ value: Int64) { emit(dst, Immediate(value)) }
}

extension Call where S == LoadAddress {
    package func callAsFunction(_ dst: some GeneralRegister, _ address: Memory) { emit(dst, address) }
}

extension Call where S == GeneralUnary {
    package func callAsFunction(_ dst: some GeneralRegister) { emit(dst) }
}

extension Call where S == GeneralShift {
    package func callAsFunction(_ dst: some GeneralRegister, _ count: UInt8) { emit(dst, Immediate(count)) }
    /// Shifts by the low bits of `cl`.
    package func byCL(_ dst: some GeneralRegister) { emit(dst, GPR8(1)) }
}

extension Call where S == GeneralSource {
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
}

extension Call where S == Multiply {
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R, _ factor: Int32) {
        emit(dst, src, Immediate(factor))
    }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory, _ factor: Int32) {
        emit(dst, src, Immediate(factor))
    }
}

extension Call where S == ExtendByte {
    package func callAsFunction(_ dst: some GeneralRegister, _ src: GPR8) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
}

extension Call where S == ExtendWord {
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
}

extension Call where S == ExtendDoubleword {
    package func callAsFunction(_ dst: GPR64, _ src: GPR32) { emit(dst, src) }
    package func callAsFunction(_ dst: GPR64, _ src: Memory) { emit(dst, src) }
}

extension Call where S == BitField {
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: R, _ control: R) { emit(dst, src, control) }
    package func callAsFunction<R: GeneralRegister>(_ dst: R, _ src: Memory, _ control: R) { emit(dst, src, control) }
}

extension Call where S == SetByte {
    package func callAsFunction(_ dst: GPR8) { emit(dst) }
    package func callAsFunction(_ dst: Memory) { emit(dst) }
}

extension Call where S == Prefetch {
    package func callAsFunction(_ address: Memory) { emit(address) }
}

extension Call where S == RegisterOnly {
    package func callAsFunction(_ register: GPR64) { emit(register) }
}
