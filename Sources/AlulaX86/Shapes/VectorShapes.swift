// SPDX-License-Identifier: Apache-2.0

/// `dst, src`: one source, element by element or shuffled.
package protocol UnaryShape: Shape {}
/// One source without broadcast.
package enum Unary: UnaryShape {}
/// One source that may be a broadcast element.
package enum UnaryBroadcast: Shape {}
/// One source, VEX registers only, no mask.
package enum VEXUnary: Shape {}

extension Call where S: UnaryShape {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == UnaryBroadcast {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: some MemorySource, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == VEXUnary {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ src: V) { emit(dst, src) }
    package func callAsFunction(_ dst: some VEXRegister, _ src: Memory) { emit(dst, src) }
}

/// `dst, src, imm8`.
package enum UnaryImmediate: Shape {}
/// `dst, src, imm8`, VEX registers only, no mask.
package enum VEXUnaryImmediate: Shape {}

extension Call where S == UnaryImmediate {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V, _ control: UInt8, mask: Masking? = nil) {
        emit(dst, src, Immediate(control), mask: mask)
    }
    package func callAsFunction(
        _ dst: some VectorRegister,
        _ src: some MemorySource,
        _ control: UInt8,
        mask: Masking? = nil
    ) { emit(dst, src, Immediate(control), mask: mask) }
}

extension Call where S == VEXUnaryImmediate {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ src: V, _ control: UInt8) {
        emit(dst, src, Immediate(control))
    }
    package func callAsFunction(_ dst: some VEXRegister, _ src: Memory, _ control: UInt8) {
        emit(dst, src, Immediate(control))
    }
}

/// `dst, a, b` without broadcast.
package enum Binary: Shape {}
/// `dst, a, b` where `b` may be a broadcast element.
package enum BinaryBroadcast: Shape {}
/// `dst, a, b`, VEX registers only, no mask.
package enum VEXBinary: Shape {}

extension Call where S == Binary {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ b: V, mask: Masking? = nil) {
        emit(dst, a, b, mask: mask)
    }
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ b: Memory, mask: Masking? = nil) {
        emit(dst, a, b, mask: mask)
    }
}

extension Call where S == BinaryBroadcast {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ b: V, mask: Masking? = nil) {
        emit(dst, a, b, mask: mask)
    }
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ b: some MemorySource, mask: Masking? = nil) {
        emit(dst, a, b, mask: mask)
    }
}

extension Call where S == VEXBinary {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: V) { emit(dst, a, b) }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: Memory) { emit(dst, a, b) }
}

/// `dst, a, b, imm8`; broadcast where the form has it.
package enum BinaryImmediate: Shape {}
/// `dst, a, b, imm8`, VEX registers only, no mask.
package enum VEXBinaryImmediate: Shape {}
/// `dst, a, b, selector`: a blend whose selector is a vector.
package enum VariableBlend: Shape {}

extension Call where S == BinaryImmediate {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ b: V, _ control: UInt8, mask: Masking? = nil) {
        emit(dst, a, b, Immediate(control), mask: mask)
    }
    package func callAsFunction<V: VectorRegister>(
        _ dst: V,
        _ a: V,
        _ b: some MemorySource,
        _ control: UInt8,
        mask: Masking? = nil
    ) { emit(dst, a, b, Immediate(control), mask: mask) }
}

extension Call where S == VEXBinaryImmediate {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: V, _ control: UInt8) {
        emit(dst, a, b, Immediate(control))
    }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: Memory, _ control: UInt8) {
        emit(dst, a, b, Immediate(control))
    }
}

extension Call where S == VariableBlend {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: V, _ selector: V) { emit(dst, a, b, selector) }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ a: V, _ b: Memory, _ selector: V) {
        emit(dst, a, b, selector)
    }
}

/// A scalar in the low element: `dst, a, b`, upper elements from `a`.
package enum ScalarBinary: Shape {}
/// A scalar in the low element with a control byte.
package enum ScalarBinaryImmediate: Shape {}

extension Call where S == ScalarBinary {
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: XMM, mask: Masking? = nil) { emit(dst, a, b, mask: mask) }
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: Memory, mask: Masking? = nil) { emit(dst, a, b, mask: mask) }
}

extension Call where S == ScalarBinaryImmediate {
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: XMM, _ control: UInt8, mask: Masking? = nil) {
        emit(dst, a, b, Immediate(control), mask: mask)
    }
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: Memory, _ control: UInt8, mask: Masking? = nil) {
        emit(dst, a, b, Immediate(control), mask: mask)
    }
}

/// Shifts: `dst, a, count` with the count in an `xmm`, in memory or immediate.
package enum Shift: Shape {}
/// Shifts of whole 128-bit lanes by bytes.
package enum LaneShift: Shape {}

extension Call where S == Shift {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ count: XMM, mask: Masking? = nil) {
        emit(dst, a, count, mask: mask)
    }
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ count: Memory, mask: Masking? = nil) {
        emit(dst, a, count, mask: mask)
    }
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ count: UInt8, mask: Masking? = nil) {
        emit(dst, a, Immediate(count), mask: mask)
    }
    package func callAsFunction(
        _ dst: some VectorRegister,
        _ a: some MemorySource,
        _ count: UInt8,
        mask: Masking? = nil
    ) { emit(dst, a, Immediate(count), mask: mask) }
}

extension Call where S == LaneShift {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ a: V, _ byteCount: UInt8) {
        emit(dst, a, Immediate(byteCount))
    }
}

/// `vzeroupper` and its like.
package enum Nullary: Shape {}

extension Call where S == Nullary {
    package func callAsFunction() { emit() }
}
