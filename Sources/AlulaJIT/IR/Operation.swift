// SPDX-License-Identifier: Apache-2.0

/// `dst = dst op right` on 64-bit integers; comparisons are signed.
package enum IntegerOperator: String, Sendable {
    case add, subtract, multiply, and, or, xor, shiftLeft, shiftRight, minimum, maximum
}

/// `dst = a op b`, lane by lane.
package enum VectorOperator: String, Sendable, CaseIterable {
    case addFloat, subtractFloat, multiplyFloat, divideFloat
    /// The hardware's: `a < b ? a : b`, hence `b` if either is NaN.
    case minimumFloat
    /// The hardware's: `a > b ? a : b`, hence `b` if either is NaN.
    case maximumFloat
    case addInteger, subtractInteger, multiplyInteger, minimumInteger, maximumInteger
    case and, or, xor
    /// `~a & b`.
    case andNot
}

/// `dst = op a`, lane by lane.
package enum UnaryOperator: String, Sendable, CaseIterable {
    case squareRoot, floor, ceiling, roundEven, truncate
    /// To the nearest integer, ties to even; `Int32.min` if it does not fit.
    case toInteger
    /// Towards zero; `Int32.min` if it does not fit.
    case toIntegerTruncating
    case toFloat
}

/// Shifts of 32-bit elements by a constant.
package enum ShiftOperator: String, Sendable, CaseIterable {
    case left, rightLogical, rightArithmetic
}

/// Operations over the lanes of one vector.
package enum ReductionOperator: String, Sendable, CaseIterable {
    case add, minimum, maximum

    /// The lane-wise operation it repeats.
    var lanewise: VectorOperator {
        switch self {
        case .add: .addFloat
        case .minimum: .minimumFloat
        case .maximum: .maximumFloat
        }
    }
}

/// Lane-wise questions. Float questions are false when an operand is NaN, except ``floatNotEqual``.
package enum VectorPredicate: String, Sendable, CaseIterable {
    case floatEqual, floatNotEqual, floatLess, floatLessOrEqual, floatGreater, floatGreaterOrEqual
    /// True when an operand is NaN.
    case floatUnordered
    case integerEqual, integerGreater
}

/// `dst = a op b` on masks.
package enum MaskOperator: String, Sendable, CaseIterable {
    case and, or, xor
    /// `~a & b`.
    case andNot
}

/// What a shuffle within quarters, of four elements each, picks from two vectors.
package enum UnpackOperator: String, Sendable, CaseIterable {
    /// `a[0], b[0], a[1], b[1]` of every quarter.
    case lowElements
    /// `a[2], b[2], a[3], b[3]` of every quarter.
    case highElements
    /// `a[0], a[1], b[0], b[1]` of every quarter.
    case lowPairs
    /// `a[2], a[3], b[2], b[3]` of every quarter.
    case highPairs

    /// By element of dst: whether it comes from `b`, and which element of the quarter it is.
    var sources: [(isSecond: Bool, element: Int)] {
        switch self {
        case .lowElements: [(false, 0), (true, 0), (false, 1), (true, 1)]
        case .highElements: [(false, 2), (true, 2), (false, 3), (true, 3)]
        case .lowPairs: [(false, 0), (false, 1), (true, 0), (true, 1)]
        case .highPairs: [(false, 2), (false, 3), (true, 2), (true, 3)]
        }
    }
}

/// Questions about two 64-bit integers, signed.
package enum IntegerPredicate: String, Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// How the elements of a vector lie in memory.
package enum ElementType: String, Sendable, CaseIterable {
    /// 32 bits, moved as they are: floats or integers.
    case word
    /// IEEE half precision, converted from and to float.
    case float16
    /// bfloat16, widened to float on loading; not stored.
    case bfloat16
    /// Signed bytes, sign-extended on loading; saturated on storing.
    case int8
    /// Unsigned bytes, zero-extended on loading; saturated on storing.
    case uint8

    /// Bytes of one element in memory.
    package var byteCount: Int {
        switch self {
        case .word: 4
        case .float16, .bfloat16: 2
        case .int8, .uint8: 1
        }
    }
}

/// How soon prefetched memory will be used.
package enum PrefetchDistance: String, Sendable {
    case nearest, second, streaming, forWriting
}

/// One step of a kernel, over virtual registers.
package enum Operation: Sendable, Hashable {
    // MARK: Integers
    case setInteger(Variable, IntegerOperand)
    case integer(IntegerOperator, Variable, IntegerOperand)
    /// `byteCount` 8, or 4 (sign-extended).
    case loadInteger(Variable, MemoryReference, byteCount: Int)
    case storeInteger(Variable, MemoryReference, byteCount: Int)
    // MARK: Vectors and memory
    /// Lanes outside the mask become zero and are not read.
    case load(Variable, MemoryReference, ElementType, mask: Variable?)
    /// Lanes outside the mask are not written.
    case store(Variable, MemoryReference, ElementType, mask: Variable?)
    case broadcast(Variable, MemoryReference, ElementType)
    /// `dst[i] = word at base + indices[i] * scale`; lanes outside the mask become zero and are not read.
    case gather(Variable, base: Variable, indices: Variable, scale: Int, mask: Variable?)
    case prefetch(MemoryReference, PrefetchDistance)
    // MARK: Vectors
    case constant(Variable, UInt32)
    case copy(Variable, Variable)
    /// `dst[i] = i`.
    case laneIndex(Variable)
    /// The low 32 bits of an integer in every lane.
    case spread(Variable, Variable)
    case vector(VectorOperator, Variable, Variable, VectorSource)
    case unary(UnaryOperator, Variable, Variable)
    case shift(ShiftOperator, Variable, Variable, count: Int)
    /// `accumulator += a * b`, or `-=` if negated, rounded once.
    case accumulate(negated: Bool, Variable, Variable, VectorSource)
    /// `dst = a * b + c`, rounded once.
    case multiplyAdd(Variable, Variable, Variable, VectorSource)
    /// `accumulator += Σ of four unsigned bytes of a times four signed bytes of b`.
    case dotBytes(Variable, Variable, VectorSource)
    /// The reduction of all lanes of a vector, in every lane: pairs at distance lanes/2, then lanes/4, ….
    case reduce(ReductionOperator, Variable, Variable)
    /// Elements 0, 2, 4, … of two vectors, one behind the other.
    case evenElements(Variable, Variable, Variable)
    /// `a[0], b[0], a[1], b[1], …` of the first halves of two vectors, or of their second halves.
    case interleave(secondHalves: Bool, Variable, Variable, Variable)
    /// What the operator picks from every quarter of two vectors.
    case unpack(UnpackOperator, Variable, Variable, Variable)
    /// Quarters (four elements each) 0, 2, … of two vectors, one behind the other; 1, 3, … if odd.
    case quarters(odd: Bool, Variable, Variable, Variable)
    // MARK: Masks
    /// Lanes `0 ..< count`; `count` must be in `0...255`.
    case lanesBelow(Variable, Variable)
    case compare(VectorPredicate, Variable, Variable, VectorSource)
    case mask(MaskOperator, Variable, Variable, Variable)
    /// `dst[i] = mask[i] ? a[i] : b[i]`.
    case select(Variable, mask: Variable, Variable, Variable)
}
