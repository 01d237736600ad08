// SPDX-License-Identifier: Apache-2.0

/// What `vcmpps` and its kin ask; the raw value is the immediate.
///
/// "ordered" is false and "unordered" true when an operand is NaN. None of these signals on quiet NaN.
package enum FloatPredicate: UInt8, Sendable, CaseIterable {
    case equalOrdered = 0x00
    case lessThanOrdered = 0x11
    case lessOrEqualOrdered = 0x12
    case unordered = 0x03
    case notEqualUnordered = 0x04
    case notLessThanUnordered = 0x15
    case notLessOrEqualUnordered = 0x16
    case ordered = 0x07
    case greaterOrEqualOrdered = 0x1D
    case greaterThanOrdered = 0x1E
}

/// What `vpcmpd` and its kin ask; the raw value is the immediate.
package enum IntegerPredicate: UInt8, Sendable, CaseIterable {
    case equal = 0
    case lessThan = 1
    case lessOrEqual = 2
    case notEqual = 4
    case greaterOrEqual = 5
    case greaterThan = 6
}

/// Floating-point compares: to a mask register (EVEX) or to a vector of all ones and zeros (VEX).
package enum FloatCompare: Shape {}
/// The same on the low element.
package enum ScalarCompare: Shape {}
/// Integer compares with a predicate, to a mask register.
package enum IntegerCompare: Shape {}
/// Integer compares whose predicate is in the mnemonic.
package enum FixedCompare: Shape {}

extension Call where S == FloatCompare {
    package func callAsFunction<V: VectorRegister>(
        _ dst: MaskRegister,
        _ a: V,
        _ b: V,
        _ predicate: FloatPredicate,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, Immediate(predicate.rawValue), mask: mask.map(Masking.merging)) }
    package func callAsFunction<V: VectorRegister>(
        _ dst: MaskRegister,
        _ a: V,
        _ b: some MemorySource,
        _ predicate: FloatPredicate,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, Immediate(predicate.rawValue), mask: mask.map(Masking.merging)) }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: V, _ predicate: FloatPredicate) {
        emit(dst, a, b, Immediate(predicate.rawValue))
    }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: Memory, _ predicate: FloatPredicate) {
        emit(dst, a, b, Immediate(predicate.rawValue))
    }
}

extension Call where S == ScalarCompare {
    package func callAsFunction(
        _ dst: MaskRegister,
        _ a: XMM,
        _ b: XMM,
        _ predicate: FloatPredicate,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, Immediate(predicate.rawValue), mask: mask.map(Masking.merging)) }
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: XMM, _ predicate: FloatPredicate) {
        emit(dst, a, b, Immediate(predicate.rawValue))
    }
}

extension Call where S == IntegerCompare {
    package func callAsFunction<V: VectorRegister>(
        _ dst: MaskRegister,
        _ a: V,
        _ b: V,
        _ predicate: IntegerPredicate,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, Immediate(predicate.rawValue), mask: mask.map(Masking.merging)) }
    package func callAsFunction<V: VectorRegister>(
        _ dst: MaskRegister,
        _ a: V,
        _ b: some MemorySource,
        _ predicate: IntegerPredicate,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, Immediate(predicate.rawValue), mask: mask.map(Masking.merging)) }
}

extension Call where S == FixedCompare {
    package func callAsFunction<V: VectorRegister>(_ dst: MaskRegister, _ a: V, _ b: V, mask: MaskRegister? = nil) {
        emit(dst, a, b, mask: mask.map(Masking.merging))
    }
    package func callAsFunction<V: VectorRegister>(
        _ dst: MaskRegister,
        _ a: V,
        _ b: some MemorySource,
        mask: MaskRegister? = nil
    ) { emit(dst, a, b, mask: mask.map(Masking.merging)) }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: V) { emit(dst, a, b) }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: Memory) { emit(dst, a, b) }
}

/// Mask register copies: between masks, memory and a 32-bit general register.
package enum MaskMove: Shape {}
/// Mask register copies: between masks, memory and a 64-bit general register.
package enum WideMaskMove: Shape {}
/// `dst, a, b` on mask registers.
package enum MaskBinary: Shape {}
/// `dst, src` on mask registers, or two sources and flags.
package enum MaskUnary: Shape {}
/// `dst, src, imm8` on mask registers.
package enum MaskShift: Shape {}
/// The sign bits of a vector's elements, as a mask.
package enum MaskFromVector: Shape {}
/// A mask as a vector of all ones and zeros.
package enum VectorFromMask: Shape {}

extension Call where S == MaskMove {
    package func callAsFunction(_ dst: MaskRegister, _ src: MaskRegister) { emit(dst, src) }
    package func callAsFunction(_ dst: MaskRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: MaskRegister) { emit(dst, src) }
    package func callAsFunction(_ dst: MaskRegister, _ src: GPR32) { emit(dst, src) }
    package func callAsFunction(_ dst: GPR32, _ src: MaskRegister) { emit(dst, src) }
}

extension Call where S == WideMaskMove {
    package func callAsFunction(_ dst: MaskRegister, _ src: MaskRegister) { emit(dst, src) }
    package func callAsFunction(_ dst: MaskRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: MaskRegister) { emit(dst, src) }
    package func callAsFunction(_ dst: MaskRegister, _ src: GPR64) { emit(dst, src) }
    package func callAsFunction(_ dst: GPR64, _ src: MaskRegister) { emit(dst, src) }
}

extension Call where S == MaskBinary {
    package func callAsFunction(_ dst: MaskRegister, _ a: MaskRegister, _ b: MaskRegister) { emit(dst, a, b) }
}

extension Call where S == MaskUnary {
    package func callAsFunction(_ dst: MaskRegister, _ src: MaskRegister) { emit(dst, src) }
}

extension Call where S == MaskShift {
    package func callAsFunction(_ dst: MaskRegister, _ src: MaskRegister, _ count: UInt8) {
        emit(dst, src, Immediate(count))
    }
}

extension Call where S == MaskFromVector {
    package func callAsFunction(_ dst: MaskRegister, _ src: some VectorRegister) { emit(dst, src) }
}

extension Call where S == VectorFromMask {
    package func callAsFunction(_ dst: some VectorRegister, _ src: MaskRegister) { emit(dst, src) }
}

/// The sign bits of a vector's elements, in a general register.
package enum SignMask: Shape {}

extension Call where S == SignMask {
    package func callAsFunction(_ dst: GPR32, _ src: some VEXRegister) { emit(dst, src) }
}
