// SPDX-License-Identifier: Apache-2.0

/// Loads, stores and register copies of whole vectors.
package enum Move: Shape {}
/// The same, VEX registers only, no mask.
package enum VEXMove: Shape {}
/// Stores only.
package enum Store: Shape {}

extension Call where S == Move {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    /// Stores the elements `mask` selects; the others are neither written nor able to fault.
    package func callAsFunction(_ dst: Memory, _ src: some VectorRegister, mask: MaskRegister? = nil) {
        emit(dst, src, mask: mask.map(Masking.merging))
    }
}

extension Call where S == VEXMove {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ src: V) { emit(dst, src) }
    package func callAsFunction(_ dst: some VEXRegister, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: some VEXRegister) { emit(dst, src) }
}

extension Call where S == Store {
    package func callAsFunction(_ dst: Memory, _ src: some VectorRegister) { emit(dst, src) }
}

/// One scalar between memory and the low element; loads clear the rest of the register.
package enum ScalarMove: Shape {}
/// The low element of a general or vector register, 32 bits.
package enum DoublewordMove: Shape {}
/// The low element of a general or vector register, 64 bits.
package enum QuadwordMove: Shape {}

extension Call where S == ScalarMove {
    package func callAsFunction(_ dst: XMM, _ src: Memory, mask: Masking? = nil) { emit(dst, src, mask: mask) }
    package func callAsFunction(_ dst: Memory, _ src: XMM, mask: MaskRegister? = nil) {
        emit(dst, src, mask: mask.map(Masking.merging))
    }
    /// The low element of `b` with the upper elements of `a`.
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ b: XMM, mask: Masking? = nil) { emit(dst, a, b, mask: mask) }
}

extension Call where S == DoublewordMove {
    package func callAsFunction(_ dst: XMM, _ src: GPR32) { emit(dst, src) }
    package func callAsFunction(_ dst: XMM, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: GPR32, _ src: XMM) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: XMM) { emit(dst, src) }
}

extension Call where S == QuadwordMove {
    package func callAsFunction(_ dst: XMM, _ src: XMM) { emit(dst, src) }
    package func callAsFunction(_ dst: XMM, _ src: GPR64) { emit(dst, src) }
    package func callAsFunction(_ dst: XMM, _ src: Memory) { emit(dst, src) }
    package func callAsFunction(_ dst: GPR64, _ src: XMM) { emit(dst, src) }
    package func callAsFunction(_ dst: Memory, _ src: XMM) { emit(dst, src) }
}

/// AVX2 loads and stores predicated by the sign bits of a vector.
package enum VectorMaskedMove: Shape {}

extension Call where S == VectorMaskedMove {
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ selector: V, _ src: Memory) { emit(dst, selector, src) }
    package func callAsFunction<V: VEXRegister>(_ dst: Memory, _ selector: V, _ src: V) { emit(dst, selector, src) }
}

/// The low element of an `xmm`, or one element in memory, to every element.
package enum ElementBroadcast: Shape {}
/// The same, also from a 32-bit general register.
package enum IntegerBroadcast: Shape {}
/// The same, also from a 64-bit general register.
package enum QuadwordBroadcast: Shape {}
/// A 128-bit or 256-bit block in memory to every block.
package enum BlockBroadcast: Shape {}

extension Call where S == ElementBroadcast {
    package func callAsFunction(_ dst: some VectorRegister, _ src: XMM, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == IntegerBroadcast {
    package func callAsFunction(_ dst: some VectorRegister, _ src: XMM, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: GPR32, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == QuadwordBroadcast {
    package func callAsFunction(_ dst: some VectorRegister, _ src: XMM, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: GPR64, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == BlockBroadcast {
    package func callAsFunction(_ dst: some WideRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

/// One element per index, AVX2 (a vector mask, cleared as elements arrive) and AVX-512 (a mask register, likewise).
package enum Gather: Shape {}

extension Call where S == Gather {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: GatherMemory<V>, mask: MaskRegister) {
        emit(dst, src, mask: .merging(mask))
    }
    package func callAsFunction<V: VEXRegister>(_ dst: V, _ src: GatherMemory<V>, selector: V) {
        emit(dst, src, selector)
    }
}

/// Selected elements, packed: to a register or to memory.
package enum Compress: Shape {}

extension Call where S == Compress {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V, mask: Masking) { emit(dst, src, mask: mask) }
    package func callAsFunction(_ dst: Memory, _ src: some VectorRegister, mask: MaskRegister) {
        emit(dst, src, mask: .merging(mask))
    }
}
