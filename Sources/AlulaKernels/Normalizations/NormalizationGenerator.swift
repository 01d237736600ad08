// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads; one call treats neighbouring groups of one image. Addresses and a count.
struct NormalizationArguments: BitwiseCopyable, Sendable {
    var src = 0
    var dst = 0
    /// Of the first group.
    var scale = 0
    var bias = 0
    var groupCount = 0
}

/// Generates normalizations of groups of channels: `dst = (src − mean) / √(var + ε) · scale + bias`, mean and variance over a
/// group, scale and bias by runs of it.
///
/// A group is contiguous memory: planes one behind the other, or blocks of channels. It is read twice: for the moments, stretch by
/// stretch, each of which stays in the first-level cache while its mean and then its squares are summed (moments are joined as
/// by Chan, Golub and LeVeque); and for the result. src may be dst.
struct NormalizationGenerator {
    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        /// Elements of a group; in ``isLanewise`` groups, of one lane.
        var count: Int
        /// Scales in a group, each for as many neighbours; the scales of a vector's lanes if ``isBlocked``.
        var runCount: Int
        var epsilon: Float
        /// Whether every lane is a group of its own: blocks of channels that are normalised one by one.
        var isLanewise = false
        /// Whether scale and bias are vectors, one element a lane.
        var isBlocked = false
    }

    /// Elements of a stretch: half of a first-level cache.
    private static let stretchCount = 4096
    /// Vectors in one round: enough accumulators to hide the latency of an addition.
    private static let unroll = 4

    private let jit: KernelBuilder
    private let configuration: Configuration
    // Advancing from group to group.
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private let scale: IntegerVariable
    private let bias: IntegerVariable
    private typealias Fields = MemoryLayout<NormalizationArguments>

    /// The program for `configuration`.
    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = NormalizationGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        let form = configuration.isLanewise ? "lanes" : configuration.isBlocked ? "blocks" : "planes"
        jit = KernelBuilder(name: "f32_normalization_\(form)", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: Fields.offset(of: \.src))
        dst = jit.argument("dst", at: Fields.offset(of: \.dst))
        scale = jit.argument("scale", at: Fields.offset(of: \.scale))
        bias = jit.argument("bias", at: Fields.offset(of: \.bias))
    }

    private func generate() {
        jit.loop("groups left", count: jit.argument("groups", at: Fields.offset(of: \.groupCount))) { _ in
            let moments = Moments(mean: jit.floats("mean"), squares: jit.floats("squares"))
            findMoments(moments)
            let factor = inverseDeviation(moments)
            let runs = (src: jit.integer("src run", src), dst: jit.integer("dst run", dst))
            jit.loop("runs left", count: configuration.runCount) { _ in
                emitRun(moments.mean, factor, runs.src, runs.dst)
                jit.advance(runs.src, by: runByteCount)
                jit.advance(runs.dst, by: runByteCount)
                jit.advance(scale, by: scaleByteCount)
                jit.advance(bias, by: scaleByteCount)
            }
            jit.advance(src, by: configuration.runCount * runByteCount)
            jit.advance(dst, by: configuration.runCount * runByteCount)
        }
    }

    /// Elements that make one element of the moments, for a vector of them.
    private var elementsPerVector: Int { configuration.isLanewise ? 1 : jit.lanes }
    private var runByteCount: Int {
        configuration.count / configuration.runCount * 4 * (configuration.isLanewise ? jit.lanes : 1)
    }
    private var scaleByteCount: Int { configuration.isBlocked ? jit.vectorByteCount : 4 }

    // MARK: Moments

    /// The mean, and the sum of squared distances from it.
    private struct Moments {
        let mean: FloatVector
        let squares: FloatVector
    }

    private func findMoments(_ total: Moments) {
        let stretch = Self.stretchCount / jit.lanes * elementsPerVector
        let (stretches, rest) = configuration.count.quotientAndRemainder(dividingBy: stretch)
        let place = jit.integer("stretch", src)
        let byteCount = stretch / elementsPerVector * jit.vectorByteCount
        jit.set(total.mean, to: 0)
        jit.set(total.squares, to: 0)
        if stretches > 0 {
            // Stretches before the one at hand.
            let before = jit.floats("stretches")
            jit.set(before, to: 0)
            jit.loop("stretches left", count: stretches) { _ in
                let moments = momentsOfStretch(at: place, count: stretch)
                let after = jit.floats("with this one")
                jit.add(after, before, Float(1))
                let share = jit.floats("share")
                jit.set(share, to: 1)
                jit.divide(share, share, after)
                let weight = jit.floats("weight")
                jit.multiply(weight, before, share)
                jit.multiply(weight, weight, Float(stretch))
                join(total, moments, share, weight)
                jit.copy(before, after)
                jit.advance(place, by: byteCount)
            }
        }
        guard rest > 0 else { return }
        let moments = momentsOfStretch(at: place, count: rest)
        let (share, weight) = (jit.floats("share"), jit.floats("weight"))
        let (known, all) = (Float(configuration.count - rest), Float(configuration.count))
        jit.set(share, to: Float(rest) / all)
        jit.set(weight, to: known * (Float(rest) / all))
        join(total, moments, share, weight)
    }

    /// `mean += δ·share`, `squares += other + δ²·weight`, `δ` being the distance of the means.
    private func join(_ total: Moments, _ other: Moments, _ share: FloatVector, _ weight: FloatVector) {
        let distance = jit.floats("distance")
        jit.subtract(distance, other.mean, total.mean)
        jit.accumulate(total.mean, distance, share)
        jit.add(total.squares, total.squares, other.squares)
        jit.multiply(distance, distance, distance)
        jit.accumulate(total.squares, distance, weight)
    }

    private func momentsOfStretch(at start: IntegerVariable, count: Int) -> Moments {
        let sums = accumulators("sum")
        overVectors(start, count / elementsPerVector, tail: count % elementsPerVector) { index, place, mask in
            let value = jit.floats("value")
            jit.load(value, from: place, where: mask)
            jit.add(sums[index], sums[index], value)
        }
        let mean = joined(sums)
        jit.multiply(mean, mean, 1 / Float(count))
        let squares = accumulators("squares")
        overVectors(start, count / elementsPerVector, tail: count % elementsPerVector) { index, place, mask in
            let value = jit.floats("value")
            jit.load(value, from: place, where: mask)
            if let mask { jit.select(value, mask, value, mean) }
            jit.subtract(value, value, mean)
            jit.accumulate(squares[index], value, value)
        }
        return Moments(mean: mean, squares: joined(squares))
    }

    private func accumulators(_ role: String) -> [FloatVector] {
        (0..<Self.unroll).map { index in
            let value = jit.floats("\(role)[\(index)]")
            jit.set(value, to: 0)
            return value
        }
    }

    private func joined(_ sums: [FloatVector]) -> FloatVector {
        jit.add(sums[0], sums[0], sums[1])
        jit.add(sums[2], sums[2], sums[3])
        jit.add(sums[0], sums[0], sums[2])
        if !configuration.isLanewise { jit.reduce(.add, sums[0], sums[0]) }
        return sums[0]
    }

    private func inverseDeviation(_ moments: Moments) -> FloatVector {
        let factor = jit.floats("factor")
        jit.multiply(moments.squares, moments.squares, 1 / Float(configuration.count))
        jit.add(moments.squares, moments.squares, configuration.epsilon)
        jit.squareRoot(moments.squares, moments.squares)
        jit.set(factor, to: 1)
        jit.divide(factor, factor, moments.squares)
        return factor
    }

    // MARK: The result

    private func emitRun(
        _ mean: FloatVector,
        _ factor: FloatVector,
        _ src: IntegerVariable,
        _ dst: IntegerVariable
    ) {
        let (runFactor, shift) = (jit.floats("run factor"), jit.floats("shift"))
        if configuration.isBlocked {
            jit.load(runFactor, from: scale[0])
            jit.load(shift, from: bias[0])
        } else {
            jit.broadcast(runFactor, from: scale[0])
            jit.broadcast(shift, from: bias[0])
        }
        jit.multiply(runFactor, runFactor, factor)
        let distance = jit.integer("from src to dst", dst)
        jit.subtract(distance, src)
        let count = configuration.count / configuration.runCount
        let tail = count % elementsPerVector
        let place = jit.integer("place", src)
        overVectors(place, count / elementsPerVector, tail: tail, advancing: place) { _, memory, mask in
            let value = jit.floats("value")
            jit.load(value, from: memory, where: mask)
            jit.subtract(value, value, mean)
            jit.multiplyAdd(value, value, runFactor, shift)
            jit.store(value, to: place[distance, scale: 1, memory.displacement], where: mask)
        }
    }

    // MARK: Vectors

    /// Walks over `count` vectors and a tail from `start` on, some at a time.
    ///
    /// - Parameters:
    ///   - advancing: the pointer that walks; by default a fresh one.
    ///   - body: gets which of the round's vectors it is, where it lies, and the mask of the tail.
    private func overVectors(
        _ start: IntegerVariable,
        _ count: Int,
        tail: Int,
        advancing: IntegerVariable? = nil,
        _ body: (_ index: Int, MemoryReference, LaneMask?) -> Void
    ) {
        let place = advancing ?? jit.integer("place", start)
        jit.loop("rounds left", count: count / Self.unroll) { _ in
            for index in 0..<Self.unroll { body(index, place[index * jit.vectorByteCount], nil) }
            jit.advance(place, by: Self.unroll * jit.vectorByteCount)
        }
        let left = count % Self.unroll
        for index in 0..<left { body(index, place[index * jit.vectorByteCount], nil) }
        guard tail > 0 else { return }
        let mask = jit.mask("tail")
        jit.lanesBelow(mask, jit.integer("tail count", tail))
        body(left, place[left * jit.vectorByteCount], mask)
    }
}
