// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// What the code that turns rows of scores into weights depends on.
package struct SoftmaxRowsDescriptor: Hashable, Sendable {
    /// From a row to the next.
    package var rowByteCount: Int
    /// Whether every row has one element more than the row before it.
    package var rowsGrow: Bool

    package init(rowByteCount: Int, rowsGrow: Bool = false) {
        self.rowByteCount = rowByteCount
        self.rowsGrow = rowsGrow
    }
}

/// The fields generated code reads. Addresses and counts.
package struct SoftmaxRowsArguments: BitwiseCopyable, Sendable {
    package var scores = 0
    /// One element a row.
    package var factors = 0
    package var rowCount = 0
    /// Elements of the first row; the row's elements behind them, up to ``columnCount``, become zero.
    package var count = 0
    package var columnCount = 0

    package init() {}
}

/// Generates the softmax of rows of scores, in place, with the division left to whoever uses the weights:
/// `scores[row, i] = exp(scores[row, i] - maximum)`, `factors[row] = 1 / Σᵢ scores[row, i]`.
///
/// A row of nothing but -∞ gives zeros and a factor of zero.
package struct SoftmaxRowsGenerator {
    private let jit: KernelBuilder
    private let descriptor: SoftmaxRowsDescriptor
    private let scores: IntegerVariable
    private let factors: IntegerVariable
    private let count: IntegerVariable
    private let tail: LaneMask
    private let wholeCount: IntegerVariable

    /// The program for `descriptor`.
    package static func program(_ descriptor: SoftmaxRowsDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = SoftmaxRowsGenerator(descriptor, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ descriptor: SoftmaxRowsDescriptor, _ target: VectorTarget) {
        typealias Fields = MemoryLayout<SoftmaxRowsArguments>
        jit = KernelBuilder(name: "f32_softmaxrows\(descriptor.rowsGrow ? "_causal" : "")", target: target)
        self.descriptor = descriptor
        scores = jit.argument("scores", at: Fields.offset(of: \.scores))
        factors = jit.argument("factors", at: Fields.offset(of: \.factors))
        count = jit.argument("count", at: Fields.offset(of: \.count))
        tail = jit.mask("tail")
        wholeCount = jit.integer("whole vectors")
    }

    private func generate() {
        let first = jit.mask("first lane")
        jit.lanesBelow(first, jit.integer("one", 1))
        let columnCount = jit.argument("columns", at: MemoryLayout<SoftmaxRowsArguments>.offset(of: \.columnCount))
        let rows = jit.argument("rows", at: MemoryLayout<SoftmaxRowsArguments>.offset(of: \.rowCount))
        if !descriptor.rowsGrow { splitCount() }
        jit.loop("rows left", count: rows) { _ in
            if descriptor.rowsGrow { splitCount() }
            let largest = maximum()
            let factor = powers(largest)
            jit.store(factor, to: factors[0], where: first)
            if descriptor.rowsGrow {
                clear(upTo: columnCount)
                jit.advance(count, by: 1)
                jit.limit(count, toAtMost: columnCount)
            }
            jit.advance(scores, by: descriptor.rowByteCount)
            jit.advance(factors, by: 4)
        }
    }

    /// The row's whole vectors, and the mask of what is left.
    private func splitCount() {
        jit.set(wholeCount, to: count)
        jit.shiftRight(wholeCount, by: jit.lanes.trailingZeroBitCount)
        let left = jit.integer("left", count)
        jit.and(left, jit.lanes - 1)
        jit.lanesBelow(tail, left)
    }

    /// The row's largest element in every lane, no less than the least finite number.
    private func maximum() -> FloatVector {
        let largest = jit.floats("largest")
        let lowest = jit.floats("lowest")
        let value = jit.floats("value")
        jit.set(lowest, to: -Float.greatestFiniteMagnitude)
        jit.copy(largest, lowest)
        let place = jit.integer("place", scores)
        jit.loop("vectors left", count: wholeCount) { _ in
            jit.maximum(largest, largest, place[0])
            jit.advance(place, by: jit.vectorByteCount)
        }
        jit.load(value, from: place[0], where: tail)
        jit.select(value, tail, value, lowest)
        jit.maximum(largest, largest, value)
        jit.reduce(.maximum, largest, largest)
        return largest
    }

    /// Replaces the row by powers and returns the reciprocal of their sum; zero if that is zero.
    private func powers(_ largest: FloatVector) -> FloatVector {
        let sum = jit.floats("sum")
        let zero = jit.floats("zero")
        let functions = VectorFunctionEmitter(jit)
        jit.set(sum, to: 0)
        jit.set(zero, to: 0)
        let least = jit.floats("least")
        jit.set(least, to: VectorFunctionEmitter.leastSoftmaxExponent)
        let place = jit.integer("place", scores)
        jit.loop("vectors left", count: wholeCount) { _ in
            let value = jit.floats("value")
            jit.load(value, from: place[0])
            jit.subtract(value, value, largest)
            functions.softmaxExp(value, least: least, zero: zero)
            jit.add(sum, sum, value)
            jit.store(value, to: place[0])
            jit.advance(place, by: jit.vectorByteCount)
        }
        let value = jit.floats("value")
        jit.load(value, from: place[0], where: tail)
        jit.subtract(value, value, largest)
        functions.softmaxExp(value, least: least, zero: zero)
        jit.select(value, tail, value, zero)
        jit.add(sum, sum, value)
        jit.store(value, to: place[0], where: tail)
        jit.reduce(.add, sum, sum)
        let factor = jit.floats("factor")
        let isEmpty = jit.mask("is empty")
        jit.set(factor, to: 1)
        jit.divide(factor, factor, sum)
        jit.compare(isEmpty, sum, .floatEqual, Float(0))
        jit.select(factor, isEmpty, zero, factor)
        return factor
    }

    /// Zeros behind the row's elements, from the vector on that holds the last of them.
    private func clear(upTo columnCount: IntegerVariable) {
        let zero = jit.floats("zero")
        jit.set(zero, to: 0)
        let place = jit.integer("place", count)
        jit.shiftLeft(place, by: 2)
        jit.advance(place, by: scores)
        let left = jit.integer("left", columnCount)
        jit.subtract(left, count)
        let vectors = jit.integer("vectors", left)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in
            jit.store(zero, to: place[0])
            jit.advance(place, by: jit.vectorByteCount)
        }
        jit.and(left, jit.lanes - 1)
        let mask = jit.mask("behind")
        jit.lanesBelow(mask, left)
        jit.store(zero, to: place[0], where: mask)
    }
}
