// SPDX-License-Identifier: Apache-2.0

/// A virtual register. The typed wrappers below are what generators hold; passes see this.
package struct Variable: Sendable, Hashable {
    /// The register file a variable lives in.
    package enum Kind: Sendable, Hashable {
        /// 64 bits: addresses and counters.
        case integer
        /// One 32-bit element per lane.
        case vector
        /// One bit per lane.
        case mask
    }

    /// Index into the program's table of names.
    package let id: Int
    package let kind: Kind
}

/// A 64-bit integer: an address, an extent or a counter. Arithmetic wraps.
package struct IntegerVariable: Sendable, Hashable {
    package let variable: Variable
}

/// One `Float` per lane.
package struct FloatVector: Sendable, Hashable {
    package let variable: Variable
    /// The same register, its elements seen as 32-bit integers.
    package var bits: IntegerVector { IntegerVector(variable: variable) }
}

/// One `Int32` per lane. Arithmetic wraps.
package struct IntegerVector: Sendable, Hashable {
    package let variable: Variable
    /// The same register, its elements seen as floats.
    package var asFloats: FloatVector { FloatVector(variable: variable) }
}

/// One bit per lane.
package struct LaneMask: Sendable, Hashable {
    package let variable: Variable
}

/// A place in memory: `base + index * scale + displacement`, in bytes.
package struct MemoryReference: Sendable, Hashable {
    package var base: Variable
    package var index: Variable?
    /// 1, 2, 4 or 8.
    package var scale = 1
    package var displacement = 0

    /// One element here, repeated over all lanes.
    package var repeated: RepeatedElement { RepeatedElement(reference: self) }
}

extension IntegerVariable {
    /// The memory `byteOffset` bytes behind the address this variable holds.
    package subscript(byteOffset: Int) -> MemoryReference {
        MemoryReference(base: variable, displacement: byteOffset)
    }

    /// The memory at this address plus `index * scale + byteOffset`.
    package subscript(index: IntegerVariable, scale scale: Int, byteOffset: Int) -> MemoryReference {
        MemoryReference(base: variable, index: index.variable, scale: scale, displacement: byteOffset)
    }
}

/// One element in memory that stands for all lanes.
package struct RepeatedElement: Sendable, Hashable {
    package var reference: MemoryReference
}

/// The last operand of a vector operation.
package enum VectorSource: Sendable, Hashable {
    case variable(Variable)
    /// As many elements as there are lanes.
    case memory(MemoryReference)
    /// One element, for all lanes.
    case repeated(MemoryReference)
    /// The same 32 bits in every lane.
    case constant(UInt32)
}

/// What can be the last operand of float arithmetic: a vector, memory, a repeated element, a constant.
package protocol FloatSource: Sendable {
    var source: VectorSource { get }
}

/// What can be the last operand of integer arithmetic.
package protocol IntegerSource: Sendable {
    var integerSource: VectorSource { get }
}

extension FloatVector: FloatSource {
    package var source: VectorSource { .variable(variable) }
}

extension Float: FloatSource {
    package var source: VectorSource { .constant(bitPattern) }
}

extension MemoryReference: FloatSource, IntegerSource {
    package var source: VectorSource { .memory(self) }
    package var integerSource: VectorSource { .memory(self) }
}

extension RepeatedElement: FloatSource, IntegerSource {
    package var source: VectorSource { .repeated(reference) }
    package var integerSource: VectorSource { .repeated(reference) }
}

extension IntegerVector: IntegerSource {
    package var integerSource: VectorSource { .variable(variable) }
}

extension Int32: IntegerSource {
    package var integerSource: VectorSource { .constant(UInt32(bitPattern: self)) }
}

/// The right-hand side of integer arithmetic.
package enum IntegerOperand: Sendable, Hashable {
    case variable(Variable)
    case constant(Int)
}

/// What can be the right-hand side of integer arithmetic: a variable or a number.
package protocol IntegerValue: Sendable {
    var integerOperand: IntegerOperand { get }
}

extension IntegerVariable: IntegerValue {
    package var integerOperand: IntegerOperand { .variable(variable) }
}

extension Int: IntegerValue {
    package var integerOperand: IntegerOperand { .constant(self) }
}
