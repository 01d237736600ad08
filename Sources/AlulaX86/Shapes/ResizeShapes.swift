// SPDX-License-Identifier: Apache-2.0

/// `dst, src` where `src` has half the bytes.
package enum WidenHalf: Shape {}
/// The same, and the source may be a broadcast element.
package enum WidenHalfBroadcast: Shape {}
/// `dst, src` where `src` has a quarter of the bytes.
package enum WidenQuarter: Shape {}
/// `dst, src` where `src` has an eighth of the bytes, always within an `xmm`.
package enum WidenEighth: Shape {}

extension Call where S == WidenHalf {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V.Half, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == WidenHalfBroadcast {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V.Half, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: some MemorySource, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == WidenQuarter {
    package func callAsFunction<V: VectorRegister>(_ dst: V, _ src: V.Quarter, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

extension Call where S == WidenEighth {
    package func callAsFunction(_ dst: some VectorRegister, _ src: XMM, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: some VectorRegister, _ src: Memory, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

/// `dst, src` where `dst` has half the bytes and may be memory.
package enum NarrowHalf: Shape {}
/// `dst, src` where `dst` has a quarter of the bytes and may be memory.
package enum NarrowQuarter: Shape {}
/// `dst, src, imm8` where `dst` has half the bytes and may be memory.
package enum NarrowHalfImmediate: Shape {}
/// `dst, src` where `dst` has half the bytes; registers only.
package enum NarrowRegister: Shape {}

extension Call where S == NarrowHalf {
    package func callAsFunction<V: VectorRegister>(_ dst: V.Half, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: Memory, _ src: some VectorRegister, mask: MaskRegister? = nil) {
        emit(dst, src, mask: mask.map(Masking.merging))
    }
}

extension Call where S == NarrowQuarter {
    package func callAsFunction<V: VectorRegister>(_ dst: V.Quarter, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
    package func callAsFunction(_ dst: Memory, _ src: some VectorRegister, mask: MaskRegister? = nil) {
        emit(dst, src, mask: mask.map(Masking.merging))
    }
}

extension Call where S == NarrowHalfImmediate {
    package func callAsFunction<V: VectorRegister>(_ dst: V.Half, _ src: V, _ control: UInt8, mask: Masking? = nil) {
        emit(dst, src, Immediate(control), mask: mask)
    }
    package func callAsFunction(
        _ dst: Memory,
        _ src: some VectorRegister,
        _ control: UInt8,
        mask: MaskRegister? = nil
    ) { emit(dst, src, Immediate(control), mask: mask.map(Masking.merging)) }
}

extension Call where S == NarrowRegister {
    package func callAsFunction<V: VectorRegister>(_ dst: V.Half, _ src: V, mask: Masking? = nil) {
        emit(dst, src, mask: mask)
    }
}

/// A 128-bit lane put into a wider vector.
package enum InsertQuarterLane: Shape {}
/// A 256-bit half put into a 512-bit vector.
package enum InsertHalf: Shape {}
/// A 128-bit lane put into a 256-bit vector, VEX.
package enum VEXInsert: Shape {}
/// A 128-bit lane taken from a wider vector.
package enum ExtractQuarterLane: Shape {}
/// A 256-bit half taken from a 512-bit vector.
package enum ExtractHalf: Shape {}
/// A 128-bit lane taken from a 256-bit vector, VEX.
package enum VEXExtract: Shape {}

extension Call where S == InsertQuarterLane {
    package func callAsFunction<V: WideRegister>(_ dst: V, _ a: V, _ lane: XMM, _ index: UInt8, mask: Masking? = nil) {
        emit(dst, a, lane, Immediate(index), mask: mask)
    }
    package func callAsFunction<V: WideRegister>(
        _ dst: V,
        _ a: V,
        _ lane: Memory,
        _ index: UInt8,
        mask: Masking? = nil
    ) { emit(dst, a, lane, Immediate(index), mask: mask) }
}

extension Call where S == InsertHalf {
    package func callAsFunction(_ dst: ZMM, _ a: ZMM, _ half: YMM, _ index: UInt8, mask: Masking? = nil) {
        emit(dst, a, half, Immediate(index), mask: mask)
    }
    package func callAsFunction(_ dst: ZMM, _ a: ZMM, _ half: Memory, _ index: UInt8, mask: Masking? = nil) {
        emit(dst, a, half, Immediate(index), mask: mask)
    }
}

extension Call where S == VEXInsert {
    package func callAsFunction(_ dst: YMM, _ a: YMM, _ lane: XMM, _ index: UInt8) {
        emit(dst, a, lane, Immediate(index))
    }
    package func callAsFunction(_ dst: YMM, _ a: YMM, _ lane: Memory, _ index: UInt8) {
        emit(dst, a, lane, Immediate(index))
    }
}

extension Call where S == ExtractQuarterLane {
    package func callAsFunction(_ dst: XMM, _ src: some WideRegister, _ index: UInt8, mask: Masking? = nil) {
        emit(dst, src, Immediate(index), mask: mask)
    }
    package func callAsFunction(_ dst: Memory, _ src: some WideRegister, _ index: UInt8, mask: MaskRegister? = nil) {
        emit(dst, src, Immediate(index), mask: mask.map(Masking.merging))
    }
}

extension Call where S == ExtractHalf {
    package func callAsFunction(_ dst: YMM, _ src: ZMM, _ index: UInt8, mask: Masking? = nil) {
        emit(dst, src, Immediate(index), mask: mask)
    }
    package func callAsFunction(_ dst: Memory, _ src: ZMM, _ index: UInt8, mask: MaskRegister? = nil) {
        emit(dst, src, Immediate(index), mask: mask.map(Masking.merging))
    }
}

extension Call where S == VEXExtract {
    package func callAsFunction(_ dst: XMM, _ src: YMM, _ index: UInt8) { emit(dst, src, Immediate(index)) }
    package func callAsFunction(_ dst: Memory, _ src: YMM, _ index: UInt8) { emit(dst, src, Immediate(index)) }
}

/// One element from a general register or memory into an `xmm`.
package enum InsertElement: Shape {}
/// One element of an `xmm` into a general register or memory.
package enum ExtractElement: Shape {}
/// An integer to a scalar in the low element.
package enum ScalarFromGeneral: Shape {}
/// A scalar in the low element to an integer.
package enum GeneralFromScalar: Shape {}

extension Call where S == InsertElement {
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ element: some GeneralRegister, _ index: UInt8) {
        emit(dst, a, element, Immediate(index))
    }
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ element: Memory, _ index: UInt8) {
        emit(dst, a, element, Immediate(index))
    }
}

extension Call where S == ExtractElement {
    package func callAsFunction(_ dst: some GeneralRegister, _ src: XMM, _ index: UInt8) {
        emit(dst, src, Immediate(index))
    }
    package func callAsFunction(_ dst: Memory, _ src: XMM, _ index: UInt8) { emit(dst, src, Immediate(index)) }
}

extension Call where S == ScalarFromGeneral {
    package func callAsFunction(_ dst: XMM, _ a: XMM, _ value: some GeneralRegister) { emit(dst, a, value) }
}

extension Call where S == GeneralFromScalar {
    package func callAsFunction(_ dst: some GeneralRegister, _ src: XMM) { emit(dst, src) }
    package func callAsFunction(_ dst: some GeneralRegister, _ src: Memory) { emit(dst, src) }
}
