// SPDX-License-Identifier: Apache-2.0

/// The opcode map, selected by escape bytes (legacy) or a field (VEX, EVEX); the raw value is that field.
package enum OpcodeMap: UInt8, Sendable {
    /// One-byte opcodes; legacy only.
    case primary = 0
    case m0F = 1
    case m0F38 = 2
    case m0F3A = 3
}

/// The mandatory prefix; the raw value is the `pp` field of VEX and EVEX.
package enum MandatoryPrefix: UInt8, Sendable {
    case none = 0
    case p66 = 1
    case pF3 = 2
    case pF2 = 3

    /// The byte a legacy instruction writes, if any.
    var legacyByte: UInt8? {
        switch self {
        case .none: nil
        case .p66: 0x66
        case .pF3: 0xF3
        case .pF2: 0xF2
        }
    }
}

/// The `W` bit. Instructions that ignore it write 0, as assemblers do.
package enum WidthBit: UInt8, Sendable {
    case w0 = 0
    case w1 = 1
    /// The processor ignores the bit (`WIG` in the manuals).
    static let ignored = WidthBit.w0
}

/// How many bytes a memory operand spans: the unit of EVEX compressed displacements, and what the listing prints.
package enum TupleType: Sendable, Hashable {
    /// No memory operand, or one without a size (`lea`).
    case none
    /// A whole vector, or one element of this many bytes repeated.
    case full(element: Int)
    /// Half a vector, or one element of this many bytes repeated.
    case half(element: Int)
    /// `1 / divisor` of a vector, no broadcast.
    case part(divisor: Int)
    /// This many bytes whatever the vector length.
    case fixed(Int)
    /// As many elements of this many bytes as a mask selects, up to a whole vector: compress and expand.
    case selected(element: Int)

    /// A whole vector of 32-bit elements, broadcastable.
    static let full32 = TupleType.full(element: 4)
    /// A whole vector of 64-bit elements, broadcastable.
    static let full64 = TupleType.full(element: 8)
    /// A whole vector, not broadcastable.
    static let vector = TupleType.part(divisor: 1)

    /// Bytes in one broadcast element, or nil if the form has no broadcast.
    package var broadcastByteCount: Int? {
        switch self {
        case .full(let element), .half(let element): element
        default: nil
        }
    }

    /// Bytes a memory operand spans in an instruction of vector length `length`.
    package func byteCount(length: VectorLength, isBroadcast: Bool) -> Int {
        switch self {
        case .none: 1
        case .full(let element): isBroadcast ? element : length.byteCount
        case .half(let element): isBroadcast ? element : length.byteCount / 2
        case .part(let divisor): length.byteCount / divisor
        case .fixed(let byteCount): byteCount
        case .selected: length.byteCount
        }
    }

    /// The unit EVEX counts 8-bit displacements in.
    func displacementUnit(length: VectorLength, isBroadcast: Bool) -> Int {
        if case .selected(let element) = self { return element }
        return byteCount(length: length, isBroadcast: isBroadcast)
    }
}

/// Which prefix families an encoding exists in, and its `W` bit in each.
package enum EncodingSpace: Sendable, Hashable {
    /// Legacy with REX; `w1` makes the operation 64 bits wide.
    case legacy(WidthBit)
    /// VEX, EVEX or both. With both, VEX is chosen unless the operands need EVEX.
    case vector(vex: WidthBit?, evex: WidthBit?)
}

/// Whether a mask may stand on the destination.
package enum MaskingRule: Sendable, Hashable {
    case none
    case mergingOnly
    case any
    /// A mask must be given: gathers.
    case required
}

/// One way to encode a mnemonic: a row of the manual.
package struct Encoding: Sendable, Hashable {
    package var space: EncodingSpace
    package var map: OpcodeMap
    package var prefix: MandatoryPrefix
    package var opcode: UInt8
    /// The opcode extension in `ModRM.reg`, `/digit` in the manuals.
    package var digit: UInt8?
    package var tuple: TupleType
    package var operands: [OperandSpec]
    /// The vector lengths it exists in.
    package var lengths: Set<VectorLength> = [.bits128, .bits256, .bits512]
    /// The `L` field, where it is not the length of the longest operand.
    package var fixedLength: VectorLength?
    package var masking = MaskingRule.none
    /// Whether 8-bit immediates are sign-extended numbers, not bit fields.
    package var hasSignedImmediate = false
    /// The opcode with source and destination swapped, used when that saves a prefix byte.
    package var swappedOpcode: UInt8?
    /// The mandatory prefix of the swapped opcode, where it differs.
    package var swappedPrefix: MandatoryPrefix?
}

/// A mnemonic with every encoding we emit, in order of preference.
package final class InstructionForm: Sendable {
    /// The Intel-syntax mnemonic.
    package let mnemonic: String
    /// Tried first to last; the first whose operand classes match is used.
    package let encodings: [Encoding]

    init(_ mnemonic: String, _ encodings: [Encoding]) {
        self.mnemonic = mnemonic
        self.encodings = encodings
    }
}

/// The static side of a form: which Swift calls it accepts. See the `Shapes` folder.
package protocol Shape: Sendable {}

/// A table row: a form together with the shape of its calls.
package struct Form<S: Shape>: Sendable {
    /// The untyped form.
    package let instruction: InstructionForm

    init(_ mnemonic: String, _ encodings: Encoding...) {
        instruction = InstructionForm(mnemonic, encodings)
    }

    init(_ mnemonic: String, _ encodings: [Encoding]) {
        instruction = InstructionForm(mnemonic, encodings)
    }
}

/// A form of any shape, for enumerating a table.
package protocol AnyForm: Sendable {
    /// The untyped form.
    var instruction: InstructionForm { get }
}

extension Form: AnyForm {}

/// A form bound to an assembler: `asm.vaddps` is one, and calling it emits the instruction.
package struct Call<S: Shape> {
    let assembler: Assembler
    let form: InstructionForm

    /// Emits the form with untyped operands.
    func emit(_ operands: any OperandConvertible..., mask: Masking? = nil) {
        assembler.emit(form, operands.map(\.operand), mask: mask)
    }
}

/// An immediate operand.
package struct Immediate: OperandConvertible, Hashable {
    package let value: Int64
    package init(_ value: some BinaryInteger) { self.value = Int64(truncatingIfNeeded: value) }
    package var operand: Operand { .immediate(value) }
}
