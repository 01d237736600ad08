// SPDX-License-Identifier: Apache-2.0

/// The part of a general register an instruction uses.
package enum GeneralWidth: Int, Sendable, Hashable {
    case bits8 = 1
    case bits32 = 4
    case bits64 = 8
}

/// An operand without a static type: what forms are matched against and what the listing prints.
package enum Operand: Sendable, Hashable {
    case general(GeneralWidth, UInt8)
    case vector(VectorLength, UInt8)
    case mask(UInt8)
    case memory(Address)
    /// Memory read as one element and repeated.
    case broadcast(Address)
    case immediate(Int64)
    case label(Label)

    /// The address, if this is memory.
    var address: Address? {
        switch self {
        case .memory(let address), .broadcast(let address): address
        default: nil
        }
    }

    /// The length of the vector register this names, directly or as a vector of indices.
    var vectorLength: VectorLength? {
        switch self {
        case .vector(let length, _): length
        case .memory(let address), .broadcast(let address):
            if case .vector(let length, _) = address.index { length } else { nil }
        default: nil
        }
    }
}

/// The registers an operand position accepts; vector classes are relative to the instruction's length.
package enum RegisterClass: Sendable, Hashable {
    case full
    case half
    case quarter
    case eighth
    case xmm
    case mask
    case general(GeneralWidth)
    /// `eax` or `rax` only: forms that spend no bits on naming it.
    case accumulator(GeneralWidth)
    /// `cl` only, the shift count.
    case count

    /// Whether `operand` belongs to the class in an instruction of vector length `length`.
    func accepts(_ operand: Operand, length: VectorLength) -> Bool {
        switch (self, operand) {
        case (.full, .vector(let given, _)): given == length
        case (.half, .vector(let given, _)): given == length.narrowed(by: 2)
        case (.quarter, .vector(let given, _)): given == length.narrowed(by: 4)
        case (.eighth, .vector(let given, _)): given == length.narrowed(by: 8)
        case (.xmm, .vector(let given, _)): given == .bits128
        case (.mask, .mask): true
        case (.general(let width), .general(let given, _)): given == width
        case (.accumulator(let width), .general(let given, let number)): given == width && number == 0
        case (.count, .general(let given, let number)): given == .bits8 && number == 1
        default: false
        }
    }
}

/// Where an operand goes in the bytes of an instruction.
package enum OperandSlot: Sendable, Hashable {
    /// `ModRM.reg`.
    case reg
    /// `ModRM.rm`, with SIB and displacement for memory.
    case rm
    /// The third register of VEX and EVEX.
    case vvvv
    /// The high half of a trailing byte: the fourth register of VEX blends.
    case is4
    /// The low three bits of the opcode.
    case opcode
    /// Trailing bytes, this many, sign-extended by the processor.
    case immediate(byteCount: Int)
    /// A trailing byte that is exactly this value and not written: `shl r, 1`.
    case constant(Int64)
    /// Not encoded: the opcode implies it.
    case implied
}

/// One operand position of an encoding.
package struct OperandSpec: Sendable, Hashable {
    /// Memory an operand position accepts.
    package enum MemoryKind: Sendable, Hashable {
        case none
        case plain
        /// Indices in a vector of this class.
        case gather(RegisterClass)
    }

    package var slot: OperandSlot
    package var register: RegisterClass?
    package var memory = MemoryKind.none

    /// A register in `ModRM.reg`.
    static func reg(_ registerClass: RegisterClass) -> OperandSpec { OperandSpec(slot: .reg, register: registerClass) }
    /// A register in `vvvv`.
    static func vvvv(_ registerClass: RegisterClass) -> OperandSpec {
        OperandSpec(slot: .vvvv, register: registerClass)
    }
    /// A register or memory in `ModRM.rm`.
    static func rm(_ registerClass: RegisterClass) -> OperandSpec {
        OperandSpec(slot: .rm, register: registerClass, memory: .plain)
    }
    /// A register, never memory, in `ModRM.rm`.
    static func rmRegister(_ registerClass: RegisterClass) -> OperandSpec {
        OperandSpec(slot: .rm, register: registerClass)
    }
    /// Memory, never a register, in `ModRM.rm`.
    static let rmMemory = OperandSpec(slot: .rm, register: nil, memory: .plain)
    /// An 8-bit immediate.
    static let imm8 = OperandSpec(slot: .immediate(byteCount: 1), register: nil)
    /// A 32-bit immediate.
    static let imm32 = OperandSpec(slot: .immediate(byteCount: 4), register: nil)
    /// A 64-bit immediate.
    static let imm64 = OperandSpec(slot: .immediate(byteCount: 8), register: nil)

    /// Whether `operand` can stand here in an instruction of vector length `length`.
    func accepts(_ operand: Operand, length: VectorLength, signedByteOnly: Bool) -> Bool {
        switch (slot, operand) {
        case (.immediate(byteCount: 1), .immediate(let value)):
            // Eight bits mean a signed number for integer instructions and a bit field for vector ones.
            return signedByteOnly ? Int8(exactly: value) != nil : (-128...255).contains(value)
        case (.immediate(byteCount: 4), .immediate(let value)): return Int32(exactly: value) != nil
        case (.immediate, .immediate): return true
        case (.constant(let expected), .immediate(let value)): return value == expected
        case (.immediate, _), (.constant, _): return false
        case (_, .memory(let address)):
            switch (memory, address.index) {
            case (.gather(let indices), .vector(let given, let number)):
                return indices.accepts(.vector(given, number), length: length)
            case (.plain, .none), (.plain, .register): return true
            default: return false
            }
        case (_, .broadcast): return memory == .plain
        default: return register?.accepts(operand, length: length) ?? false
        }
    }
}
