// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads; one call treats neighbouring rows. Addresses and a count.
struct RowArguments: BitwiseCopyable, Sendable {
    var src = 0
    var scale = 0
    var bias = 0
    var dst = 0
    var rowCount = 0
}

/// Generates operators that need a whole row before they know any element of it.
///
/// Softmax: `dst[i] = e^(src[i] − max) / Σ e^(src − max)`, or its logarithm. Layer normalization: `dst[i] = (src[i] − mean) /
/// √(var + ε) · scale[i] + bias[i]`; by the root of the mean square: `dst[i] = src[i] / √(E[src²] + ε) · scale[i]`. A few walks
/// over a row, which stays in the first-level cache; the last vector is masked. Layouts: src and dst `[rows, columns]`, scale
/// and bias `[columns]`. src may be dst.
struct RowGenerator {
    /// What is computed.
    enum Function: Hashable, Sendable {
        case softmax
        case logSoftmax
        case rootMeanSquare(epsilon: Float)
        case layerNormalization(epsilon: Float, hasBias: Bool)

        /// The function's part of a kernel identifier.
        var name: String {
            switch self {
            case .softmax: "softmax"
            case .logSoftmax: "logsoftmax"
            case .rootMeanSquare: "rmsnormalization"
            case .layerNormalization(_, let hasBias): hasBias ? "layernormalization_bias" : "layernormalization"
            }
        }
    }

    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        var function: Function
        var columnCount: Int
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    // Advancing from row to row.
    private let src: IntegerVariable
    private let dst: IntegerVariable
    // Constant.
    private let zero: FloatVector
    private let tail: LaneMask?

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = RowGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_\(configuration.function.name)_rows", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: MemoryLayout<RowArguments>.offset(of: \.src))
        dst = jit.argument("dst", at: MemoryLayout<RowArguments>.offset(of: \.dst))
        zero = jit.floats("zero")
        jit.set(zero, to: 0)
        let rest = configuration.columnCount % target.lanes
        tail = rest > 0 ? jit.mask("tail") : nil
        if let tail { jit.lanesBelow(tail, jit.integer("tail columns", rest)) }
    }

    private func generate() {
        let rowByteCount = configuration.columnCount * 4
        let rowCount = jit.argument("rows", at: MemoryLayout<RowArguments>.offset(of: \.rowCount))
        jit.loop("rows left", count: rowCount) { _ in
            switch configuration.function {
            case .softmax: softmax()
            case .logSoftmax: logSoftmax()
            case .rootMeanSquare(let epsilon): normalizeByRootMeanSquare(epsilon)
            case .layerNormalization(let epsilon, let hasBias): normalize(epsilon, hasBias: hasBias)
            }
            jit.advance(src, by: rowByteCount)
            jit.advance(dst, by: rowByteCount)
        }
    }

    // MARK: Functions

    private func softmax() {
        let highest = highestElement()
        let sum = sumOfExponentials(highest, storing: true)
        let factor = jit.floats("factor")
        jit.set(factor, to: 1)
        jit.divide(factor, factor, sum)
        overRow([dst]) { places, mask in
            let value = load(places[0], mask)
            jit.multiply(value, value, factor)
            jit.store(value, to: places[0][0], where: mask)
        }
    }

    private func logSoftmax() {
        let highest = highestElement()
        let shift = sumOfExponentials(highest, storing: false)
        VectorFunctionEmitter(jit).emit(.log, on: shift)
        overRow([src, dst]) { places, mask in
            let value = load(places[0], mask)
            jit.subtract(value, value, highest)
            jit.subtract(value, value, shift)
            jit.store(value, to: places[1][0], where: mask)
        }
    }

    private func highestElement() -> FloatVector {
        let highest = jit.floats("highest")
        jit.set(highest, to: -.infinity)
        overRow([src]) { places, mask in
            let value = load(places[0], mask, elsewhere: highest)
            jit.maximum(highest, value, highest)
        }
        jit.reduce(.maximum, highest, highest)
        return highest
    }

    /// `Σ e^(src − highest)`; `storing` leaves the exponentials in dst.
    private func sumOfExponentials(_ highest: FloatVector, storing: Bool) -> FloatVector {
        let least = jit.floats("least")
        jit.set(least, to: VectorFunctionEmitter.leastSoftmaxExponent)
        let sum = jit.floats("sum")
        jit.set(sum, to: 0)
        overRow(storing ? [src, dst] : [src]) { places, mask in
            let value = load(places[0], mask)
            jit.subtract(value, value, highest)
            VectorFunctionEmitter(jit).softmaxExp(value, least: least, zero: zero)
            if storing { jit.store(value, to: places[1][0], where: mask) }
            if let mask { jit.select(value, mask, value, zero) }
            jit.add(sum, sum, value)
        }
        jit.reduce(.add, sum, sum)
        return sum
    }

    private func normalizeByRootMeanSquare(_ epsilon: Float) {
        let squares = jit.floats("squares")
        jit.set(squares, to: 0)
        overRow([src]) { places, mask in
            let value = load(places[0], mask)
            jit.accumulate(squares, value, value)
        }
        let factor = inverseRoot(ofSum: squares, epsilon)
        let scale = jit.argument("scale", at: MemoryLayout<RowArguments>.offset(of: \.scale))
        overRow([src, dst, scale]) { places, mask in
            let value = load(places[0], mask)
            jit.multiply(value, value, factor)
            jit.multiply(value, value, load(places[2], mask))
            jit.store(value, to: places[1][0], where: mask)
        }
    }

    /// `1 / √(sum / columns + ε)`, the sum being that of all lanes.
    private func inverseRoot(ofSum sum: FloatVector, _ epsilon: Float) -> FloatVector {
        jit.reduce(.add, sum, sum)
        jit.multiply(sum, sum, 1 / Float(configuration.columnCount))
        jit.add(sum, sum, epsilon)
        jit.squareRoot(sum, sum)
        let factor = jit.floats("factor")
        jit.set(factor, to: 1)
        jit.divide(factor, factor, sum)
        return factor
    }

    private func normalize(_ epsilon: Float, hasBias: Bool) {
        let share = 1 / Float(configuration.columnCount)
        let mean = jit.floats("mean")
        jit.set(mean, to: 0)
        overRow([src]) { places, mask in jit.add(mean, mean, load(places[0], mask)) }
        jit.reduce(.add, mean, mean)
        jit.multiply(mean, mean, share)
        let squares = jit.floats("squares")
        jit.set(squares, to: 0)
        overRow([src]) { places, mask in
            let value = load(places[0], mask, elsewhere: mean)
            jit.subtract(value, value, mean)
            jit.accumulate(squares, value, value)
        }
        let factor = inverseRoot(ofSum: squares, epsilon)
        let scale = jit.argument("scale", at: MemoryLayout<RowArguments>.offset(of: \.scale))
        let bias = hasBias ? [jit.argument("bias", at: MemoryLayout<RowArguments>.offset(of: \.bias))] : []
        overRow([src, dst, scale] + bias) { places, mask in
            let value = load(places[0], mask)
            jit.subtract(value, value, mean)
            jit.multiply(value, value, factor)
            jit.multiply(value, value, load(places[2], mask))
            if hasBias { jit.add(value, value, load(places[3], mask)) }
            jit.store(value, to: places[1][0], where: mask)
        }
    }

    // MARK: A row

    /// Walks over a row, a vector at a time: `body` gets where the vector lies behind each of `starts`, and the mask of the
    /// last one if it is not full.
    private func overRow(_ starts: [IntegerVariable], _ body: (_ places: [IntegerVariable], LaneMask?) -> Void) {
        let places = starts.map { jit.integer("place", $0) }
        jit.loop("vectors left", count: configuration.columnCount / jit.lanes) { _ in
            body(places, nil)
            for place in places { jit.advance(place, by: jit.vectorByteCount) }
        }
        if let tail { body(places, tail) }
    }

    /// The vector at `place`; lanes outside `mask` are those of `elsewhere`, or zero.
    private func load(_ place: IntegerVariable, _ mask: LaneMask?, elsewhere: FloatVector? = nil) -> FloatVector {
        let value = jit.floats("value")
        jit.load(value, from: place[0], where: mask)
        if let mask, let elsewhere { jit.select(value, mask, value, elsewhere) }
        return value
    }
}
