// SPDX-License-Identifier: Apache-2.0

/// Why a piece of code cannot be assembled. The first one is kept and thrown by ``Assembler/finish()``.
@nonexhaustive
public enum EncodingError: Error, Sendable, Hashable {
    /// No form of the mnemonic takes these operands (a wrong width, a memory operand where none is allowed, …).
    case noMatchingForm(instruction: String)
    /// The only matching forms need EVEX where it does not exist, or VEX where a mask, `zmm` or register 16–31 is used.
    case notEncodable(instruction: String, reason: String)
    /// A register number that the register file does not have.
    case registerOutOfRange(instruction: String, number: Int, limit: Int)
    /// `rsp` cannot be multiplied by a scale.
    case stackPointerAsIndex(instruction: String)
    /// A displacement that does not fit in 32 signed bits.
    case displacementOutOfRange(instruction: String, displacement: Int)
    /// A label was used and never bound.
    case unboundLabel(index: Int, usedAtOffset: Int)
    /// A label was bound twice.
    case labelBoundTwice(index: Int, firstOffset: Int, secondOffset: Int)
    /// A label of another assembler.
    case foreignLabel(index: Int)
    /// A jump requested as short whose target is further than 127 bytes.
    case shortJumpOutOfRange(atOffset: Int, distance: Int)
    /// An alignment that is not a power of two in `1...4096`.
    case invalidAlignment(Int)
}

extension EncodingError: CustomStringConvertible {
    /// What, where, got, expected.
    public var description: String {
        switch self {
        case .noMatchingForm(let instruction):
            "no form takes these operands, in \"\(instruction)\""
        case .notEncodable(let instruction, let reason):
            "not encodable: \(reason), in \"\(instruction)\""
        case .registerOutOfRange(let instruction, let number, let limit):
            "register number out of range, in \"\(instruction)\": got \(number), expected 0 to \(limit)"
        case .stackPointerAsIndex(let instruction):
            "rsp cannot be an index register, in \"\(instruction)\""
        case .displacementOutOfRange(let instruction, let displacement):
            "displacement out of range, in \"\(instruction)\": got \(displacement), expected 32 signed bits"
        case .unboundLabel(let index, let offset):
            "label L\(index), used at byte \(offset), was never bound"
        case .labelBoundTwice(let index, let first, let second):
            "label L\(index) bound twice: at byte \(first) and at byte \(second)"
        case .foreignLabel(let index):
            "label L\(index) belongs to another assembler"
        case .shortJumpOutOfRange(let offset, let distance):
            "short jump at byte \(offset) out of range: got distance \(distance), expected -128 to 127"
        case .invalidAlignment(let alignment):
            "invalid alignment: got \(alignment), expected a power of two from 1 to 4096"
        }
    }
}
