// SPDX-License-Identifier: Apache-2.0

/// The operands of one instruction, sorted into the places of its bytes.
struct EncodingFields {
    /// What `ModRM.rm` names.
    enum RegisterOrMemory {
        case none
        case register(UInt8)
        case memory(Address)
    }

    /// `ModRM.reg`: a register number or the opcode extension.
    var reg: UInt8 = 0
    var rm = RegisterOrMemory.none
    /// The third register; 0 if there is none, which is written inverted as all ones.
    var vvvv: UInt8 = 0
    /// The low three bits of the opcode (and `REX.B`), for forms that name a register there.
    var opcodeRegister: UInt8?
    /// Trailing bytes.
    var immediate: [UInt8] = []
    var isBroadcast = false
    /// Whether an 8-bit register needs a REX prefix to mean `spl bpl sil dil`.
    var needsREX = false

    /// Sorts `instruction`'s operands by the slots of `encoding` and checks every register number.
    init(_ instruction: Instruction, _ encoding: Encoding) throws(EncodingError) {
        reg = encoding.digit ?? 0
        for (spec, operand) in zip(encoding.operands, instruction.operands) {
            switch operand {
            case .general(let width, let number):
                try Self.check(number, below: 16, instruction)
                needsREX = needsREX || (width == .bits8 && (4...7).contains(number))
                place(number, spec.slot)
            case .vector(_, let number):
                try Self.check(number, below: 32, instruction)
                place(number, spec.slot)
            case .mask(let number):
                try Self.check(number, below: 8, instruction)
                place(number, spec.slot)
            case .memory(let address):
                rm = .memory(try Self.checked(address, instruction))
            case .broadcast(let address):
                rm = .memory(try Self.checked(address, instruction))
                isBroadcast = true
            case .immediate(let value):
                guard case .immediate(let byteCount) = spec.slot else { continue }
                immediate = (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
            case .label:
                throw .noMatchingForm(instruction: instruction.intelText(encoding: nil))
            }
        }
        if let mask = instruction.mask { try Self.check(mask.register.number, below: 8, instruction) }
    }

    private mutating func place(_ number: UInt8, _ slot: OperandSlot) {
        switch slot {
        case .reg: reg = number
        case .rm: rm = .register(number)
        case .vvvv: vvvv = number
        case .is4: immediate = [number << 4]
        case .opcode: opcodeRegister = number
        case .immediate, .constant, .implied: break
        }
    }

    private static func check(_ number: UInt8, below limit: Int, _ instruction: Instruction) throws(EncodingError) {
        guard Int(number) < limit else {
            throw .registerOutOfRange(
                instruction: instruction.intelText(encoding: nil),
                number: Int(number),
                limit: limit - 1
            )
        }
    }

    private static func checked(_ address: Address, _ instruction: Instruction) throws(EncodingError) -> Address {
        if case .register(let base) = address.base { try check(base.number, below: 16, instruction) }
        switch address.index {
        case .none: break
        case .register(let index):
            try check(index.number, below: 16, instruction)
            if index == .rsp { throw .stackPointerAsIndex(instruction: instruction.intelText(encoding: nil)) }
        case .vector(_, let number): try check(number, below: 32, instruction)
        }
        guard Int32(exactly: address.displacement) != nil else {
            throw .displacementOutOfRange(
                instruction: instruction.intelText(encoding: nil),
                displacement: address.displacement
            )
        }
        return address
    }

    // MARK: High bits, for the prefixes

    /// Bit 3 of `reg`.
    var regBit3: UInt8 { reg >> 3 & 1 }
    /// Bit 4 of `reg`, EVEX only.
    var regBit4: UInt8 { reg >> 4 & 1 }

    /// The `X` and `B` extension bits of `rm`; `X` is bit 4 of a vector register there.
    var extensionBits: (x: UInt8, b: UInt8) {
        switch rm {
        case .none: (0, (opcodeRegister ?? 0) >> 3 & 1)
        case .register(let number): (number >> 4 & 1, number >> 3 & 1)
        case .memory(let address): (address.indexNumber >> 3 & 1, address.baseNumber >> 3 & 1)
        }
    }

    /// Bit 4 of `vvvv`, or of the vector of indices, which share the bit.
    var vvvvBit4: UInt8 {
        if case .memory(let address) = rm, case .vector(_, let number) = address.index { return number >> 4 & 1 }
        return vvvv >> 4 & 1
    }
}

extension Address {
    /// The number of the index register, 0 if there is none.
    fileprivate var indexNumber: UInt8 {
        switch index {
        case .none: 0
        case .register(let register): register.number
        case .vector(_, let number): number
        }
    }

    /// The number of the base register, 0 if there is none.
    fileprivate var baseNumber: UInt8 {
        if case .register(let register) = base { register.number } else { 0 }
    }
}
