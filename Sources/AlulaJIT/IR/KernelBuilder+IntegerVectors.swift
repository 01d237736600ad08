// SPDX-License-Identifier: Apache-2.0

extension KernelBuilder {
    // MARK: Memory

    /// Loads one element per lane; bytes are extended. Lanes outside `mask` become zero and are not read.
    package func load(
        _ dst: IntegerVector,
        from memory: MemoryReference,
        as type: ElementType = .word,
        where mask: LaneMask? = nil
    ) { append(.load(dst.variable, memory, type, mask: mask?.variable)) }

    /// Stores one element per lane; bytes are saturated. Lanes outside `mask` are not written.
    package func store(
        _ value: IntegerVector,
        to memory: MemoryReference,
        as type: ElementType = .word,
        where mask: LaneMask? = nil
    ) { append(.store(value.variable, memory, type, mask: mask?.variable)) }

    /// Loads one element into every lane.
    package func broadcast(_ dst: IntegerVector, from memory: MemoryReference, as type: ElementType = .word) {
        append(.broadcast(dst.variable, memory, type))
    }

    // MARK: Values

    /// `dst = value` in every lane.
    package func set(_ dst: IntegerVector, to value: Int32) {
        append(.constant(dst.variable, UInt32(bitPattern: value)))
    }
    /// `dst = src`.
    package func copy(_ dst: IntegerVector, _ src: IntegerVector) { append(.copy(dst.variable, src.variable)) }
    /// `dst[i] = i`.
    package func laneIndex(_ dst: IntegerVector) { append(.laneIndex(dst.variable)) }
    /// The low 32 bits of `src` in every lane.
    package func spread(_ dst: IntegerVector, _ src: IntegerVariable) { append(.spread(dst.variable, src.variable)) }

    // MARK: Arithmetic

    /// `dst = a op b`.
    package func apply(_ op: VectorOperator, _ dst: IntegerVector, _ a: IntegerVector, _ b: some IntegerSource) {
        append(.vector(op, dst.variable, a.variable, b.integerSource))
    }
    /// `dst = a + b`.
    package func add(_ dst: IntegerVector, _ a: IntegerVector, _ b: some IntegerSource) {
        apply(.addInteger, dst, a, b)
    }
    /// `dst = a - b`.
    package func subtract(_ dst: IntegerVector, _ a: IntegerVector, _ b: some IntegerSource) {
        apply(.subtractInteger, dst, a, b)
    }
    /// `dst = a * b`, low 32 bits.
    package func multiply(_ dst: IntegerVector, _ a: IntegerVector, _ b: some IntegerSource) {
        apply(.multiplyInteger, dst, a, b)
    }
    /// `dst = a shifted by count bits`.
    package func shift(_ op: ShiftOperator, _ dst: IntegerVector, _ a: IntegerVector, by count: Int) {
        append(.shift(op, dst.variable, a.variable, count: count))
    }
    /// `accumulator += Σ of four unsigned bytes of a times four signed bytes of b`.
    package func accumulateBytes(_ accumulator: IntegerVector, _ a: IntegerVector, _ b: some IntegerSource) {
        append(.dotBytes(accumulator.variable, a.variable, b.integerSource))
    }

    // MARK: Masks

    /// `dst[i] = a[i] predicate b[i]`.
    package func compare(_ dst: LaneMask, _ a: IntegerVector, _ predicate: VectorPredicate, _ b: some IntegerSource) {
        append(.compare(predicate, dst.variable, a.variable, b.integerSource))
    }
    /// `dst[i] = mask[i] ? a[i] : b[i]`.
    package func select(_ dst: IntegerVector, _ mask: LaneMask, _ a: IntegerVector, _ b: IntegerVector) {
        append(.select(dst.variable, mask: mask.variable, a.variable, b.variable))
    }
}
