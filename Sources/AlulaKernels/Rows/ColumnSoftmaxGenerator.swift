// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads; one call treats neighbouring columns. Addresses and a count.
struct ColumnSoftmaxArguments: BitwiseCopyable, Sendable {
    var src = 0
    var dst = 0
    var columnCount = 0
}

/// Generates softmax, or its logarithm, over an axis that is not the last: `dst[k, x] = e^(src[k, x] − max) / Σₖ e^(src[k, x] − max)`.
///
/// Every lane is a column of its own. A few vectors of columns walk down together three times: for the largest element, for the
/// sum of exponentials, for the result; they stay in cache meanwhile. Tails are masked. src may be dst.
struct ColumnSoftmaxGenerator {
    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        var isLogarithm: Bool
        /// Elements of a column.
        var count: Int
        /// From one to the next.
        var stepByteCount: Int
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    // Advancing along the columns.
    private let src: IntegerVariable
    private let dst: IntegerVariable
    // Constant.
    private let zero: FloatVector
    private let least: FloatVector
    private typealias Fields = MemoryLayout<ColumnSoftmaxArguments>

    /// The program for `configuration`.
    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = ColumnSoftmaxGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_\(configuration.isLogarithm ? "log" : "")softmax_columns", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
        zero = jit.floats("zero")
        jit.set(zero, to: 0)
        least = jit.floats("least")
        jit.set(least, to: VectorFunctionEmitter.leastSoftmaxExponent)
    }

    /// Vectors of columns that walk down together: as many as leave registers for an exponential.
    private var vectorCount: Int { jit.target.vectorRegisterCount / 8 }

    private func generate() {
        let columns = jit.argument("columns", at: Fields.offset(of: \.columnCount))
        for vectors in [vectorCount, 1] {
            let rounds = jit.integer("rounds", columns)
            jit.shiftRight(rounds, by: (vectors * jit.lanes).trailingZeroBitCount)
            jit.loop("rounds left", count: rounds) { _ in
                emitColumns(vectors, nil)
                jit.advance(src, by: vectors * jit.vectorByteCount)
                jit.advance(dst, by: vectors * jit.vectorByteCount)
            }
            jit.and(columns, vectors * jit.lanes - 1)
        }
        jit.when(columns, .notEqual, 0) {
            let tail = jit.mask("tail")
            jit.lanesBelow(tail, columns)
            emitColumns(1, tail)
        }
    }

    private func emitColumns(_ count: Int, _ mask: LaneMask?) {
        let highest = vectors("highest", count, -.infinity)
        down { place, _ in
            for (index, vector) in highest.enumerated() { jit.maximum(vector, load(place, index, mask), vector) }
        }
        let sums = vectors("sum", count, 0)
        down { place, target in
            for index in 0..<count {
                let value = exponential(load(place, index, mask), highest[index])
                if !configuration.isLogarithm {
                    jit.store(value, to: target[index * jit.vectorByteCount], where: mask)
                }
                jit.add(sums[index], sums[index], value)
            }
        }
        for sum in sums { finish(sum) }
        down { place, target in
            for index in 0..<count {
                let value = load(configuration.isLogarithm ? place : target, index, mask)
                if configuration.isLogarithm {
                    jit.subtract(value, value, highest[index])
                    jit.subtract(value, value, sums[index])
                } else {
                    jit.multiply(value, value, sums[index])
                }
                jit.store(value, to: target[index * jit.vectorByteCount], where: mask)
            }
        }
    }

    private func vectors(_ role: String, _ count: Int, _ value: Float) -> [FloatVector] {
        (0..<count).map { index in
            let vector = jit.floats("\(role)[\(index)]")
            jit.set(vector, to: value)
            return vector
        }
    }

    /// Runs `body` for every element of the columns.
    private func down(_ body: (_ place: IntegerVariable, _ target: IntegerVariable) -> Void) {
        let (place, target) = (jit.integer("place", src), jit.integer("target", dst))
        jit.loop("left", count: configuration.count) { _ in
            body(place, target)
            jit.advance(place, by: configuration.stepByteCount)
            jit.advance(target, by: configuration.stepByteCount)
        }
    }

    private func load(_ place: IntegerVariable, _ index: Int, _ mask: LaneMask?) -> FloatVector {
        let value = jit.floats("value")
        jit.load(value, from: place[index * jit.vectorByteCount], where: mask)
        return value
    }

    /// `e^(value − highest)`, in place.
    private func exponential(_ value: FloatVector, _ highest: FloatVector) -> FloatVector {
        jit.subtract(value, value, highest)
        VectorFunctionEmitter(jit).softmaxExp(value, least: least, zero: zero)
        return value
    }

    /// What elements are multiplied with, or what is taken from them.
    private func finish(_ sum: FloatVector) {
        guard !configuration.isLogarithm else { return VectorFunctionEmitter(jit).emit(.log, on: sum) }
        let one = jit.floats("one")
        jit.set(one, to: 1)
        jit.divide(sum, one, sum)
    }
}
