// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Folds vectors into accumulators and makes results of them.
struct ReductionEmitter {
    let jit: KernelBuilder
    let descriptor: ReductionDescriptor

    /// What changes no result.
    var neutral: Float {
        switch descriptor.function {
        case .maximum: -.infinity
        case .minimum: .infinity
        default: 0
        }
    }

    /// Accumulators of nothing.
    func start(_ count: Int) -> [FloatVector] {
        (0..<count).map { index in
            let value = jit.floats("sum[\(index)]")
            jit.set(value, to: neutral)
            return value
        }
    }

    /// Takes one vector in, which is spoilt. Lanes outside its mask hold what changes no result.
    func fold(_ accumulator: FloatVector, _ vector: FloatVector) {
        switch descriptor.function {
        case .sum, .mean, .logarithmOfSum: jit.add(accumulator, accumulator, vector)
        case .sumOfMagnitudes:
            jit.absolute(vector, vector)
            jit.add(accumulator, accumulator, vector)
        case .sumOfSquares, .length: jit.accumulate(accumulator, vector, vector)
        case .maximum: foldExtreme(accumulator, vector) { jit.maximum($0, $1, $2) }
        case .minimum: foldExtreme(accumulator, vector) { jit.minimum($0, $1, $2) }
        }
    }

    /// NaN wins: in the accumulator it stays, as the hardware gives its last operand where one is NaN; in the vector it is
    /// chosen afterwards.
    private func foldExtreme(
        _ accumulator: FloatVector,
        _ vector: FloatVector,
        _ choose: (FloatVector, FloatVector, FloatVector) -> Void
    ) {
        let isNaN = jit.mask("is NaN")
        jit.compare(isNaN, vector, .floatUnordered, vector)
        choose(accumulator, vector, accumulator)
        jit.select(accumulator, isNaN, vector, accumulator)
    }

    /// Joins all accumulators in the first.
    func join(_ accumulators: [FloatVector]) -> FloatVector {
        var left = accumulators
        while left.count > 1 {
            let half = (left.count + 1) / 2
            for index in half..<left.count {
                if descriptor.function.isExtreme {
                    fold(left[index - half], left[index])
                } else {
                    jit.add(left[index - half], left[index - half], left[index])
                }
            }
            left = Array(left.prefix(half))
        }
        return left[0]
    }

    /// Makes the fold of all lanes together, in every lane.
    func joinLanes(_ value: FloatVector) {
        guard descriptor.function.isExtreme else { return jit.reduce(.add, value, value) }
        let isNaN = jit.mask("is NaN")
        jit.compare(isNaN, value, .floatUnordered, value)
        jit.reduce(descriptor.function == .maximum ? .maximum : .minimum, value, value)
        let (flag, zero) = (jit.floats("flag"), jit.floats("zero"))
        jit.set(flag, to: 1)
        jit.set(zero, to: 0)
        jit.select(flag, isNaN, flag, zero)
        jit.reduce(.maximum, flag, flag)
        jit.compare(isNaN, flag, .floatGreater, Float(0))
        let nan = jit.floats("NaN")
        jit.set(nan, to: .nan)
        jit.select(value, isNaN, nan, value)
    }

    /// Makes results of folds.
    func finish(_ value: FloatVector) {
        switch descriptor.function {
        case .mean: jit.multiply(value, value, 1 / Float(descriptor.reducedCount))
        case .length: jit.squareRoot(value, value)
        case .logarithmOfSum: VectorFunctionEmitter(jit).emit(.log, on: value)
        case .sum, .sumOfMagnitudes, .sumOfSquares, .maximum, .minimum: break
        }
    }
}
