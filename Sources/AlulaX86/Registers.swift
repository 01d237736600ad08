// SPDX-License-Identifier: Apache-2.0

/// The number of bits a vector instruction works on; the raw value is the `L'L` field of VEX and EVEX.
package enum VectorLength: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    case bits128 = 0
    case bits256 = 1
    case bits512 = 2

    /// Bytes in one register of this length: 16, 32 or 64.
    package var byteCount: Int { 16 << Int(rawValue) }

    package static func < (left: VectorLength, right: VectorLength) -> Bool { left.rawValue < right.rawValue }

    /// The length `1 / divisor` as long, never below 128 bits: the register that holds a narrowed result.
    package func narrowed(by divisor: Int) -> VectorLength {
        switch byteCount / divisor {
        case 64...: .bits512
        case 32..<64: .bits256
        default: .bits128
        }
    }
}

/// Anything that can stand as an operand of an instruction.
package protocol OperandConvertible: Sendable {
    /// The untyped operand the encoder reads.
    var operand: Operand { get }
}

/// A 64-bit or 32-bit general register.
package protocol GeneralRegister: OperandConvertible, Hashable {
    /// The hardware number, 0 (`rax`) to 15 (`r15`).
    var number: UInt8 { get }
}

/// A 64-bit general register.
package struct GPR64: GeneralRegister {
    package let number: UInt8

    /// The register with hardware number `number`; numbers above 15 are refused by the encoder.
    package init(_ number: UInt8) { self.number = number }

    package var operand: Operand { .general(.bits64, number) }

    /// The low 32 bits of this register. Writing them clears the high 32.
    package var low32: GPR32 { GPR32(number) }
    /// The low 8 bits of this register.
    package var low8: GPR8 { GPR8(number) }
}

extension GPR64 {
    package static let rax = GPR64(0)
    package static let rcx = GPR64(1)
    package static let rdx = GPR64(2)
    package static let rbx = GPR64(3)
    package static let rsp = GPR64(4)
    package static let rbp = GPR64(5)
    package static let rsi = GPR64(6)
    package static let rdi = GPR64(7)
    package static let r8 = GPR64(8)
    package static let r9 = GPR64(9)
    package static let r10 = GPR64(10)
    package static let r11 = GPR64(11)
    package static let r12 = GPR64(12)
    package static let r13 = GPR64(13)
    package static let r14 = GPR64(14)
    package static let r15 = GPR64(15)
}

/// A 32-bit general register; writing it clears the high half of its 64-bit register.
package struct GPR32: GeneralRegister {
    package let number: UInt8

    /// The register with hardware number `number`; numbers above 15 are refused by the encoder.
    package init(_ number: UInt8) { self.number = number }

    package var operand: Operand { .general(.bits32, number) }
}

/// The low byte of a general register (`al` … `r15b`); the legacy high bytes do not exist here.
package struct GPR8: GeneralRegister {
    package let number: UInt8

    /// The register with hardware number `number`; numbers above 15 are refused by the encoder.
    package init(_ number: UInt8) { self.number = number }

    package var operand: Operand { .general(.bits8, number) }
}

/// A vector register of a fixed length. Numbers 16 to 31 exist only in EVEX instructions.
package protocol VectorRegister: OperandConvertible, Hashable {
    /// The register that holds half as many elements (`XMM` for `XMM`, of which half is used).
    associatedtype Half: VectorRegister
    /// The register that holds a quarter as many elements.
    associatedtype Quarter: VectorRegister

    /// The length of every register of this type.
    static var length: VectorLength { get }
    /// The hardware number, 0 to 31.
    var number: UInt8 { get }
    /// The register with hardware number `number`; numbers above 31 are refused by the encoder.
    init(_ number: UInt8)
}

extension VectorRegister {
    package var operand: Operand { .vector(Self.length, number) }
    /// The low 128 bits of this register.
    package var xmm: XMM { XMM(number) }
    /// The low 256 bits of this register, or the register whose low half this is.
    package var ymm: YMM { YMM(number) }
    /// The 512-bit register whose low part this is.
    package var zmm: ZMM { ZMM(number) }
}

/// A vector register that VEX instructions can name: 128 or 256 bits.
package protocol VEXRegister: VectorRegister {}

/// A vector register with more than one 128-bit lane: 256 or 512 bits.
package protocol WideRegister: VectorRegister {}

/// A 128-bit vector register.
package struct XMM: VEXRegister {
    package typealias Half = XMM
    package typealias Quarter = XMM
    package static let length = VectorLength.bits128
    package let number: UInt8
    package init(_ number: UInt8) { self.number = number }
}

/// A 256-bit vector register.
package struct YMM: VEXRegister, WideRegister {
    package typealias Half = XMM
    package typealias Quarter = XMM
    package static let length = VectorLength.bits256
    package let number: UInt8
    package init(_ number: UInt8) { self.number = number }
}

/// A 512-bit vector register.
package struct ZMM: WideRegister {
    package typealias Half = YMM
    package typealias Quarter = XMM
    package static let length = VectorLength.bits512
    package let number: UInt8
    package init(_ number: UInt8) { self.number = number }
}

/// An AVX-512 mask register, `k0` to `k7`. `k0` cannot predicate: in that place it means "no mask".
package struct MaskRegister: OperandConvertible, Hashable {
    /// The hardware number, 0 to 7.
    package let number: UInt8
    /// The register with hardware number `number`; numbers above 7 are refused by the encoder.
    package init(_ number: UInt8) { self.number = number }
    package var operand: Operand { .mask(number) }
}

/// How an EVEX instruction treats the elements of its destination whose mask bit is clear.
package enum Masking: Sendable, Hashable {
    /// They keep their old value.
    case merging(MaskRegister)
    /// They become zero.
    case zeroing(MaskRegister)

    /// The predicate.
    package var register: MaskRegister {
        switch self {
        case .merging(let register), .zeroing(let register): register
        }
    }

    /// Whether the unselected elements become zero.
    package var isZeroing: Bool {
        switch self {
        case .merging: false
        case .zeroing: true
        }
    }
}
