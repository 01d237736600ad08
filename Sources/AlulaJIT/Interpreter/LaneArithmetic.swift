// SPDX-License-Identifier: Apache-2.0

/// What one lane of every operation computes, in bit patterns, as the hardware does it.
enum LaneArithmetic {
    static func apply(_ op: IntegerOperator, _ left: Int, _ right: Int) -> Int {
        switch op {
        case .add: left &+ right
        case .subtract: left &- right
        case .multiply: left &* right
        case .and: left & right
        case .or: left | right
        case .xor: left ^ right
        case .shiftLeft: left << right
        case .shiftRight: Int(bitPattern: UInt(bitPattern: left) >> UInt(right))
        case .minimum: min(left, right)
        case .maximum: max(left, right)
        }
    }

    static func apply(_ op: VectorOperator, _ left: UInt32, _ right: UInt32) -> UInt32 {
        let (a, b) = (Float(bitPattern: left), Float(bitPattern: right))
        let (i, j) = (Int32(bitPattern: left), Int32(bitPattern: right))
        return switch op {
        case .addFloat: (a + b).bitPattern
        case .subtractFloat: (a - b).bitPattern
        case .multiplyFloat: (a * b).bitPattern
        case .divideFloat: (a / b).bitPattern
        case .minimumFloat: a < b ? left : right
        case .maximumFloat: a > b ? left : right
        case .addInteger: UInt32(bitPattern: i &+ j)
        case .subtractInteger: UInt32(bitPattern: i &- j)
        case .multiplyInteger: UInt32(bitPattern: i &* j)
        case .minimumInteger: UInt32(bitPattern: min(i, j))
        case .maximumInteger: UInt32(bitPattern: max(i, j))
        case .and: left & right
        case .or: left | right
        case .xor: left ^ right
        case .andNot: ~left & right
        }
    }

    static func apply(_ op: UnaryOperator, _ bits: UInt32) -> UInt32 {
        let value = Float(bitPattern: bits)
        return switch op {
        case .squareRoot: value.squareRoot().bitPattern
        case .floor: value.rounded(.down).bitPattern
        case .ceiling: value.rounded(.up).bitPattern
        case .roundEven: value.rounded(.toNearestOrEven).bitPattern
        case .truncate: value.rounded(.towardZero).bitPattern
        case .toInteger: integer(value.rounded(.toNearestOrEven))
        case .toIntegerTruncating: integer(value.rounded(.towardZero))
        case .toFloat: Float(Int32(bitPattern: bits)).bitPattern
        }
    }

    private static func integer(_ whole: Float) -> UInt32 {
        UInt32(bitPattern: Int32(exactly: whole) ?? .min)
    }

    static func shift(_ op: ShiftOperator, _ bits: UInt32, _ count: Int) -> UInt32 {
        switch op {
        case .left: bits << UInt32(count)
        case .rightLogical: bits >> UInt32(count)
        case .rightArithmetic: UInt32(bitPattern: Int32(bitPattern: bits) >> Int32(count))
        }
    }

    /// `a * b + c`, rounded once.
    static func multiplyAdd(_ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt32 {
        Float(bitPattern: c).addingProduct(Float(bitPattern: a), Float(bitPattern: b)).bitPattern
    }

    static func dotBytes(_ accumulator: UInt32, _ a: UInt32, _ b: UInt32) -> UInt32 {
        var sum = Int32(bitPattern: accumulator)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            let unsigned = Int32(UInt8(truncatingIfNeeded: a >> shift))
            let signed = Int32(Int8(truncatingIfNeeded: b >> shift))
            sum &+= unsigned * signed
        }
        return UInt32(bitPattern: sum)
    }

    static func answer(_ predicate: VectorPredicate, _ left: UInt32, _ right: UInt32) -> Bool {
        let (a, b) = (Float(bitPattern: left), Float(bitPattern: right))
        return switch predicate {
        case .floatEqual: a == b
        case .floatNotEqual: a != b
        case .floatLess: a < b
        case .floatLessOrEqual: a <= b
        case .floatGreater: a > b
        case .floatGreaterOrEqual: a >= b
        case .floatUnordered: a.isNaN || b.isNaN
        case .integerEqual: left == right
        case .integerGreater: Int32(bitPattern: left) > Int32(bitPattern: right)
        }
    }

    static func apply(_ op: MaskOperator, _ a: Bool, _ b: Bool) -> Bool {
        switch op {
        case .and: a && b
        case .or: a || b
        case .xor: a != b
        case .andNot: !a && b
        }
    }

    // MARK: Element types

    /// An element as it lies in memory, widened to the 32 bits of a lane.
    static func widen(_ bits: UInt64, _ type: ElementType) -> UInt32 {
        switch type {
        case .word: UInt32(truncatingIfNeeded: bits)
        case .float16: HalfPrecision.widen(UInt16(truncatingIfNeeded: bits)).bitPattern
        case .bfloat16: UInt32(UInt16(truncatingIfNeeded: bits)) << 16
        case .int8: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: bits)))
        case .uint8: UInt32(UInt8(truncatingIfNeeded: bits))
        }
    }

    /// A lane as it lies in memory.
    static func narrow(_ bits: UInt32, _ type: ElementType) -> UInt64 {
        switch type {
        case .word: UInt64(bits)
        case .float16: UInt64(HalfPrecision.narrow(Float(bitPattern: bits)))
        case .bfloat16: UInt64(bits >> 16)
        case .int8: UInt64(UInt8(bitPattern: Int8(clamping: Int32(bitPattern: bits))))
        case .uint8: UInt64(UInt8(clamping: Int32(bitPattern: bits)))
        }
    }
}

/// IEEE half precision in bits: Swift's `Float16` is missing on some platforms' runtimes.
enum HalfPrecision {
    static func widen(_ half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10 & 0x1F)
        let fraction = UInt32(half & 0x3FF)
        switch exponent {
        case 0: return Float(sign: sign == 0 ? .plus : .minus, exponent: -24, significand: Float(fraction))
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13 | (fraction == 0 ? 0 : 0x40_0000))
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }

    /// To nearest, ties to even.
    static func narrow(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16 & 0x8000)
        if value.isNaN { return sign | 0x7E00 | UInt16(truncatingIfNeeded: value.bitPattern >> 13 & 0x1FF) }
        let magnitude = value.magnitude
        if magnitude >= 65520 { return sign | 0x7C00 }
        let exponent = max(-14, magnitude == 0 ? -14 : Int(magnitude.exponent))
        // In units of the last place of the result.
        let units = (magnitude * Float(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(.toNearestOrEven)
        let whole = UInt16(units)  // 0 ... 2048
        if whole >= 1024 { return sign | UInt16(exponent + 14) << 10 &+ whole }
        return sign | whole
    }
}
