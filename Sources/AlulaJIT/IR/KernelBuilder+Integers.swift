// SPDX-License-Identifier: Apache-2.0

extension KernelBuilder {
    /// Loads the 8-byte field `byteOffset` bytes into the argument structure: `MemoryLayout<A>.offset(of: \.src)`.
    ///
    /// - Parameter byteOffset: nil if the field is not stored, which the program then reports as an impossible address.
    package func argument(_ role: String, at byteOffset: Int?) -> IntegerVariable {
        let result = integer(role)
        load(result, from: arguments[byteOffset ?? .max])
        return result
    }

    /// `dst = value`.
    package func set(_ dst: IntegerVariable, to value: some IntegerValue) {
        append(.setInteger(dst.variable, value.integerOperand))
    }

    /// A new integer holding `value`.
    package func integer(_ role: String, _ value: some IntegerValue) -> IntegerVariable {
        let result = integer(role)
        set(result, to: value)
        return result
    }

    /// `dst += value`; advances an address by bytes.
    package func advance(_ dst: IntegerVariable, by value: some IntegerValue) { apply(.add, dst, value) }
    /// `dst -= value`.
    package func subtract(_ dst: IntegerVariable, _ value: some IntegerValue) { apply(.subtract, dst, value) }
    /// `dst *= value`.
    package func multiply(_ dst: IntegerVariable, by value: some IntegerValue) { apply(.multiply, dst, value) }
    /// `dst &= value`.
    package func and(_ dst: IntegerVariable, _ value: some IntegerValue) { apply(.and, dst, value) }
    /// `dst <<= count`, a constant.
    package func shiftLeft(_ dst: IntegerVariable, by count: Int) { apply(.shiftLeft, dst, count) }
    /// `dst >>= count`, a constant, filling with zeros.
    package func shiftRight(_ dst: IntegerVariable, by count: Int) { apply(.shiftRight, dst, count) }
    /// `dst = min(dst, value)`, signed.
    package func limit(_ dst: IntegerVariable, toAtMost value: some IntegerValue) { apply(.minimum, dst, value) }
    /// `dst = max(dst, value)`, signed.
    package func limit(_ dst: IntegerVariable, toAtLeast value: some IntegerValue) { apply(.maximum, dst, value) }

    private func apply(_ op: IntegerOperator, _ dst: IntegerVariable, _ value: some IntegerValue) {
        append(.integer(op, dst.variable, value.integerOperand))
    }

    /// `dst = ` the 64-bit integer at `memory`.
    package func load(_ dst: IntegerVariable, from memory: MemoryReference) {
        append(.loadInteger(dst.variable, memory, byteCount: 8))
    }

    /// `dst = ` the 32-bit integer at `memory`, sign-extended.
    package func load32(_ dst: IntegerVariable, from memory: MemoryReference) {
        append(.loadInteger(dst.variable, memory, byteCount: 4))
    }

    /// Stores the 64 bits of `value`.
    package func store(_ value: IntegerVariable, to memory: MemoryReference) {
        append(.storeInteger(value.variable, memory, byteCount: 8))
    }

    /// Asks for the cache line at `memory` ahead of its use.
    package func prefetch(_ memory: MemoryReference, _ distance: PrefetchDistance = .nearest) {
        append(.prefetch(memory, distance))
    }
}
