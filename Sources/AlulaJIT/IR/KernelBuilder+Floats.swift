// SPDX-License-Identifier: Apache-2.0

extension KernelBuilder {
    // MARK: Memory

    /// Loads one element per lane. Lanes outside `mask` become zero and are not read.
    package func load(
        _ dst: FloatVector,
        from memory: MemoryReference,
        as type: ElementType = .word,
        where mask: LaneMask? = nil
    ) { append(.load(dst.variable, memory, type, mask: mask?.variable)) }

    /// Stores one element per lane. Lanes outside `mask` are not written.
    package func store(
        _ value: FloatVector,
        to memory: MemoryReference,
        as type: ElementType = .word,
        where mask: LaneMask? = nil
    ) { append(.store(value.variable, memory, type, mask: mask?.variable)) }

    /// Loads one element into every lane.
    package func broadcast(_ dst: FloatVector, from memory: MemoryReference, as type: ElementType = .word) {
        append(.broadcast(dst.variable, memory, type))
    }

    /// `dst[i] = ` the float at `base + indices[i] * scale`, `scale` in bytes (1, 2, 4 or 8).
    package func gather(
        _ dst: FloatVector,
        from base: IntegerVariable,
        _ indices: IntegerVector,
        scale: Int = 4,
        where mask: LaneMask? = nil
    ) {
        append(
            .gather(
                dst.variable,
                base: base.variable,
                indices: indices.variable,
                scale: scale,
                mask: mask?.variable
            )
        )
    }

    // MARK: Values

    /// `dst = value` in every lane.
    package func set(_ dst: FloatVector, to value: Float) { append(.constant(dst.variable, value.bitPattern)) }
    /// `dst = src`.
    package func copy(_ dst: FloatVector, _ src: FloatVector) { append(.copy(dst.variable, src.variable)) }

    // MARK: Arithmetic

    /// `dst = a + b`.
    package func add(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) { apply(.addFloat, dst, a, b) }
    /// `dst = a - b`.
    package func subtract(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        apply(.subtractFloat, dst, a, b)
    }
    /// `dst = a * b`.
    package func multiply(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        apply(.multiplyFloat, dst, a, b)
    }
    /// `dst = a / b`.
    package func divide(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) { apply(.divideFloat, dst, a, b) }
    /// `dst = a < b ? a : b`: `b` if either is NaN.
    package func minimum(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        apply(.minimumFloat, dst, a, b)
    }
    /// `dst = a > b ? a : b`: `b` if either is NaN.
    package func maximum(_ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        apply(.maximumFloat, dst, a, b)
    }

    private func apply(_ op: VectorOperator, _ dst: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        append(.vector(op, dst.variable, a.variable, b.source))
    }

    /// `accumulator += a * b`, rounded once.
    package func accumulate(_ accumulator: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        append(.accumulate(negated: false, accumulator.variable, a.variable, b.source))
    }
    /// `accumulator -= a * b`, rounded once.
    package func accumulateNegated(_ accumulator: FloatVector, _ a: FloatVector, _ b: some FloatSource) {
        append(.accumulate(negated: true, accumulator.variable, a.variable, b.source))
    }
    /// `dst = a * b + c`, rounded once.
    package func multiplyAdd(_ dst: FloatVector, _ a: FloatVector, _ b: FloatVector, _ c: some FloatSource) {
        append(.multiplyAdd(dst.variable, a.variable, b.variable, c.source))
    }

    /// `dst = |a|`.
    package func absolute(_ dst: FloatVector, _ a: FloatVector) {
        append(.vector(.and, dst.variable, a.variable, .constant(0x7FFF_FFFF)))
    }
    /// `dst = -a`.
    package func negate(_ dst: FloatVector, _ a: FloatVector) {
        append(.vector(.xor, dst.variable, a.variable, .constant(0x8000_0000)))
    }
    /// `dst = op(a)`.
    package func apply(_ op: UnaryOperator, _ dst: FloatVector, _ a: FloatVector) {
        append(.unary(op, dst.variable, a.variable))
    }
    /// `dst = √a`.
    package func squareRoot(_ dst: FloatVector, _ a: FloatVector) { apply(.squareRoot, dst, a) }

    /// The reduction of all lanes of `src`, in every lane of `dst`.
    package func reduce(_ op: ReductionOperator, _ dst: FloatVector, _ src: FloatVector) {
        append(.reduce(op, dst.variable, src.variable))
    }

    /// Elements 0, 2, 4, … of `a` and `b`, one behind the other: what a stride of two reads.
    package func evenElements(_ dst: FloatVector, _ a: FloatVector, _ b: FloatVector) {
        append(.evenElements(dst.variable, a.variable, b.variable))
    }

    /// `a[0], b[0], a[1], b[1], …` of the first halves of `a` and `b`, or of their second halves.
    package func interleave(_ dst: FloatVector, _ a: FloatVector, _ b: FloatVector, secondHalves: Bool) {
        append(.interleave(secondHalves: secondHalves, dst.variable, a.variable, b.variable))
    }

    // MARK: Conversions

    /// `dst = a` rounded to the nearest integer, ties to even.
    package func convert(_ dst: IntegerVector, _ a: FloatVector) {
        append(.unary(.toInteger, dst.variable, a.variable))
    }
    /// `dst = a` as floats.
    package func convert(_ dst: FloatVector, _ a: IntegerVector) { append(.unary(.toFloat, dst.variable, a.variable)) }

    // MARK: Masks

    /// `dst` selects lanes `0 ..< count`; `count` must be in `0...255`.
    package func lanesBelow(_ dst: LaneMask, _ count: IntegerVariable) {
        append(.lanesBelow(dst.variable, count.variable))
    }
    /// `dst[i] = a[i] predicate b[i]`.
    package func compare(_ dst: LaneMask, _ a: FloatVector, _ predicate: VectorPredicate, _ b: some FloatSource) {
        append(.compare(predicate, dst.variable, a.variable, b.source))
    }
    /// `dst = a op b`.
    package func combine(_ op: MaskOperator, _ dst: LaneMask, _ a: LaneMask, _ b: LaneMask) {
        append(.mask(op, dst.variable, a.variable, b.variable))
    }
    /// `dst[i] = mask[i] ? a[i] : b[i]`.
    package func select(_ dst: FloatVector, _ mask: LaneMask, _ a: FloatVector, _ b: FloatVector) {
        append(.select(dst.variable, mask: mask.variable, a.variable, b.variable))
    }
}
