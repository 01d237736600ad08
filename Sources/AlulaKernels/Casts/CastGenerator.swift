// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads. Addresses and a count.
struct CastArguments: BitwiseCopyable, Sendable {
    var src = 0
    var dst = 0
    /// Elements to convert.
    var count = 0
}

/// Generates conversions of elements: `dst[i] = convert(src[i])`, a vector at a time, its tail masked.
///
/// Elements of 64 bits are pairs of words, low one first: widening interleaves words with their sign, narrowing takes every
/// other word.
struct CastGenerator {
    /// How elements lie in memory and what happens between.
    struct Conversion: Hashable, Sendable {
        var src: Side
        var dst: Side
        var step: Step
    }

    /// Elements on one side.
    enum Side: Hashable, Sendable {
        case elements(ElementType)
        /// 64-bit integers.
        case pairs
    }

    /// What happens to a vector in registers.
    enum Step: String, Hashable, Sendable {
        /// Nothing: loading or storing converts.
        case none
        case integersToFloats
        /// 1 where the element is not zero.
        case floatsToBools
        case integersToBools
    }

    /// Vectors in one round of the loop: enough work to hide it.
    private static let unroll = 4

    private let jit: KernelBuilder
    private let conversion: Conversion
    private let src: IntegerVariable
    private let dst: IntegerVariable

    /// The program for `conversion`.
    static func program(_ conversion: Conversion, target: VectorTarget) -> KernelProgram {
        let generator = CastGenerator(conversion, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ conversion: Conversion, _ target: VectorTarget) {
        jit = KernelBuilder(name: "cast_\(conversion.src.name)_\(conversion.dst.name)", target: target)
        self.conversion = conversion
        src = jit.argument("src", at: MemoryLayout<CastArguments>.offset(of: \.src))
        dst = jit.argument("dst", at: MemoryLayout<CastArguments>.offset(of: \.dst))
    }

    private func generate() {
        let count = jit.argument("count", at: MemoryLayout<CastArguments>.offset(of: \.count))
        let rounds = jit.integer("rounds", count)
        jit.shiftRight(rounds, by: (Self.unroll * jit.lanes).trailingZeroBitCount)
        jit.loop("rounds left", count: rounds) { _ in emitVectors(Self.unroll) }
        let vectors = jit.integer("vectors", count)
        jit.and(vectors, Self.unroll * jit.lanes - 1)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in emitVectors(1) }
        jit.and(count, jit.lanes - 1)
        jit.when(count, .notEqual, 0) { emitTail(count) }
    }

    /// Whole vectors, all loaded before the first is stored.
    private func emitVectors(_ count: Int) {
        let values = (0..<count).map { index in
            load(at: index * jit.lanes * conversion.src.byteCount, nil)
        }
        for (index, value) in values.enumerated() {
            convert(value)
            store(value, at: index * jit.lanes * conversion.dst.byteCount, nil)
        }
        jit.advance(src, by: count * jit.lanes * conversion.src.byteCount)
        jit.advance(dst, by: count * jit.lanes * conversion.dst.byteCount)
    }

    private func emitTail(_ count: IntegerVariable) {
        // Of words, or of the words of pairs in the first and in the second vector.
        let isPaired = conversion.src == .pairs || conversion.dst == .pairs
        let whole = mask(below: count)
        var masks: [LaneMask] = []
        if isPaired {
            let words = jit.integer("words", count)
            jit.shiftLeft(words, by: 1)
            let first = jit.integer("words of the first", words)
            jit.limit(first, toAtMost: jit.lanes)
            jit.subtract(words, first)
            masks = [mask(below: first), mask(below: words)]
        }
        let value = load(at: 0, TailMasks(whole: whole, pairs: masks))
        convert(value)
        store(value, at: 0, TailMasks(whole: whole, pairs: masks))
    }

    private func mask(below count: IntegerVariable) -> LaneMask {
        let mask = jit.mask("tail")
        jit.lanesBelow(mask, count)
        return mask
    }

    // MARK: One vector

    /// The lanes of a vector that is not full, and of the two vectors its pairs fill.
    private struct TailMasks {
        let whole: LaneMask
        let pairs: [LaneMask]
    }

    private func load(at byteOffset: Int, _ tail: TailMasks?) -> IntegerVector {
        let value = jit.integers("value")
        switch conversion.src {
        case .elements(let type): jit.load(value, from: src[byteOffset], as: type, where: tail?.whole)
        case .pairs:
            let halves = [jit.floats("first half"), jit.floats("second half")]
            for (index, half) in halves.enumerated() {
                jit.load(half, from: src[byteOffset + index * jit.vectorByteCount], where: tail?.pairs[index])
            }
            jit.evenElements(value.asFloats, halves[0], halves[1])
        }
        return value
    }

    private func convert(_ value: IntegerVector) {
        switch conversion.step {
        case .none: break
        case .integersToFloats: jit.convert(value.asFloats, value)
        case .floatsToBools:
            let isTrue = jit.mask("is true")
            jit.compare(isTrue, value.asFloats, .floatNotEqual, Float(0))
            choose(value, isTrue, 1, 0)
        case .integersToBools:
            let isFalse = jit.mask("is false")
            jit.compare(isFalse, value, .integerEqual, Int32(0))
            choose(value, isFalse, 0, 1)
        }
    }

    private func choose(_ value: IntegerVector, _ mask: LaneMask, _ inside: Int32, _ outside: Int32) {
        let (chosen, other) = (jit.integers("inside"), jit.integers("outside"))
        jit.set(chosen, to: inside)
        jit.set(other, to: outside)
        jit.select(value, mask, chosen, other)
    }

    private func store(_ value: IntegerVector, at byteOffset: Int, _ tail: TailMasks?) {
        switch conversion.dst {
        case .elements(.float16):
            jit.store(value.asFloats, to: dst[byteOffset], as: .float16, where: tail?.whole)
        case .elements(let type): jit.store(value, to: dst[byteOffset], as: type, where: tail?.whole)
        case .pairs:
            let sign = jit.integers("sign")
            jit.shift(.rightArithmetic, sign, value, by: 31)
            let half = jit.floats("half")
            for (index, isSecond) in [false, true].enumerated() {
                jit.interleave(half, value.asFloats, sign.asFloats, secondHalves: isSecond)
                jit.store(half, to: dst[byteOffset + index * jit.vectorByteCount], where: tail?.pairs[index])
            }
        }
    }
}

extension CastGenerator.Side {
    /// Bytes of one element.
    var byteCount: Int {
        switch self {
        case .elements(let type): type.byteCount
        case .pairs: 8
        }
    }

    /// The side's part of a kernel identifier.
    var name: String {
        switch self {
        case .elements(let type): type.rawValue
        case .pairs: "int64"
        }
    }
}
