// SPDX-License-Identifier: Apache-2.0

/// The factor an index register is multiplied by.
package enum Scale: UInt8, Sendable, Hashable, CaseIterable {
    case one = 0
    case two = 1
    case four = 2
    case eight = 3

    /// 1, 2, 4 or 8.
    package var factor: Int { 1 << Int(rawValue) }
}

/// A place in the code, created by ``Assembler/makeLabel()`` and given a position by ``Assembler/bind(_:)``.
package struct Label: OperandConvertible, Hashable {
    /// Index into the label table of the assembler that made it.
    let index: Int
    package var operand: Operand { .label(self) }
}

/// An address as the encoder sees it: `base + index * scale + displacement`.
package struct Address: Sendable, Hashable {
    /// What the address starts from.
    package enum Base: Sendable, Hashable {
        /// Nothing: the displacement, and perhaps an index, is the address.
        case none
        case register(GPR64)
        /// The address of the next instruction.
        case instructionPointer
        /// The address of a label, encoded relative to the instruction pointer.
        case label(Label)
    }

    /// What is multiplied by the scale.
    package enum Index: Sendable, Hashable {
        case none
        case register(GPR64)
        /// One index per element, for gathers.
        case vector(VectorLength, UInt8)
    }

    package var base: Base
    package var index: Index
    package var scale: Scale
    /// In bytes; must fit in 32 signed bits, which the encoder checks.
    package var displacement: Int
}

/// A memory operand, or its broadcast: what masked arithmetic accepts as its last source.
package protocol MemorySource: OperandConvertible {}

/// A memory operand. The instruction decides how many bytes it reads or writes.
package struct Memory: MemorySource, Hashable {
    package var address: Address

    /// `[base + displacement]`, `displacement` in bytes.
    package init(_ base: GPR64, _ displacement: Int = 0) {
        address = Address(base: .register(base), index: .none, scale: .one, displacement: displacement)
    }

    /// `[base + index * scale + displacement]`; `rsp` cannot be an index.
    package init(_ base: GPR64, index: GPR64, scale: Scale = .one, _ displacement: Int = 0) {
        address = Address(base: .register(base), index: .register(index), scale: scale, displacement: displacement)
    }

    /// `[index * scale + displacement]`, without a base.
    package init(index: GPR64, scale: Scale, _ displacement: Int = 0) {
        address = Address(base: .none, index: .register(index), scale: scale, displacement: displacement)
    }

    /// `[rip + (label + displacement)]`: data or code that lies in the same piece of code.
    package init(_ label: Label, _ displacement: Int = 0) {
        address = Address(base: .label(label), index: .none, scale: .one, displacement: displacement)
    }

    /// `[rip + displacement]`, counted from the end of the instruction.
    package init(instructionPointerPlus displacement: Int) {
        address = Address(base: .instructionPointer, index: .none, scale: .one, displacement: displacement)
    }

    package var operand: Operand { .memory(address) }

    /// The same place, `byteCount` bytes further.
    package func advanced(by byteCount: Int) -> Memory {
        var result = self
        result.address.displacement += byteCount
        return result
    }

    /// The `{1toN}` form: one element is read and repeated over the whole vector. EVEX only.
    package var broadcast: BroadcastMemory { BroadcastMemory(address: address) }
}

/// One element in memory, repeated over a vector by the instruction that reads it.
package struct BroadcastMemory: MemorySource, Hashable {
    package var address: Address
    package var operand: Operand { .broadcast(address) }
}

/// One address per element: `base + index[i] * scale + displacement`.
package struct GatherMemory<V: VectorRegister>: OperandConvertible, Hashable {
    package var address: Address

    /// - Parameter index: 32-bit element indices, signed.
    package init(_ base: GPR64, index: V, scale: Scale = .one, _ displacement: Int = 0) {
        address = Address(
            base: .register(base),
            index: .vector(V.length, index.number),
            scale: scale,
            displacement: displacement
        )
    }

    package var operand: Operand { .memory(address) }
}
