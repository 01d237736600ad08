// SPDX-License-Identifier: Apache-2.0

/// What a conditional instruction asks of the flags; the raw value is the low half of its opcode.
///
/// After `cmp a, b` the words compare `a` with `b`; "above" and "below" are unsigned, "greater" and "less" signed.
package enum Condition: UInt8, Sendable, CaseIterable {
    case overflow = 0x0
    case noOverflow = 0x1
    case below = 0x2
    case aboveOrEqual = 0x3
    case equal = 0x4
    case notEqual = 0x5
    case belowOrEqual = 0x6
    case above = 0x7
    case sign = 0x8
    case noSign = 0x9
    case parity = 0xA
    case noParity = 0xB
    case less = 0xC
    case greaterOrEqual = 0xD
    case lessOrEqual = 0xE
    case greater = 0xF

    private static let suffixes = [
        "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
    ]

    /// The end of the mnemonic: `e` in `je`, `cmove`, `sete`.
    var suffix: String { Self.suffixes[Int(rawValue)] }
}

extension Assembler {
    /// Jumps to `label`.
    ///
    /// - Parameter short: asks for one displacement byte; a label behind gets it by itself when near enough, a label
    ///   ahead only so. ``finish()`` throws if it does not reach.
    package func jmp(_ label: Label, short: Bool = false) {
        emitJump("jmp", short: [0xEB], near: [0xE9], to: label, isShort: short)
    }

    /// Jumps to `label` if `condition` holds. `short` as in ``jmp(_:short:)``.
    package func jcc(_ condition: Condition, _ label: Label, short: Bool = false) {
        emitJump(
            "j" + condition.suffix,
            short: [0x70 + condition.rawValue],
            near: [0x0F, 0x80 + condition.rawValue],
            to: label,
            isShort: short
        )
    }

    /// Calls the code at `label`.
    package func call(_ label: Label) {
        emitJump("call", short: nil, near: [0xE8], to: label, isShort: false)
    }

    /// Copies `src` to `dst` if `condition` holds.
    package func cmov<R: GeneralRegister>(_ condition: Condition, _ dst: R, _ src: R) {
        emit(GeneralTable.shared.cmov[Int(condition.rawValue)].instruction, [dst.operand, src.operand])
    }

    /// Sets `dst` to 1 if `condition` holds, to 0 otherwise.
    package func set(_ condition: Condition, _ dst: GPR8) {
        emit(GeneralTable.shared.set[Int(condition.rawValue)].instruction, [dst.operand])
    }
}
