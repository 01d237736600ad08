// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// A fold of every whole plane of blocked float tensors to one element. The batch is not part of it: images are
/// independent.
package struct PlanePoolingDescriptor: Hashable, Sendable {
    /// What a plane becomes.
    package enum Function: String, Hashable, Sendable, CaseIterable {
        /// The greatest element; NaN is never greater.
        case maximum
        case mean
        case sum
    }

    package var function: Function
    package var channels: Int
    /// Elements of a plane.
    package var positions: Int
    package var epilogue: Epilogue

    package init(_ function: Function, channels: Int, positions: Int, epilogue: Epilogue = Epilogue()) {
        self.function = function
        self.channels = channels
        self.positions = positions
        self.epilogue = epilogue
    }

    /// Blocks of channels; the last may be partly filled.
    package func blockCount(lanes: Int) -> Int { (channels + lanes - 1) / lanes }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        guard channels > 0, positions > 0 else { return "nothing to do" }
        guard positions * lanes * 4 <= Int(Int32.max) else {
            return "a block of \(lanes) channels is larger than 2 GiB"
        }
        return epilogue.blockedRejection
    }
}

/// The fields generated code reads; one call folds some neighbouring blocks. Addresses and counts.
package struct PlanePoolingArguments: BitwiseCopyable, Sendable {
    package var src = 0
    package var dst = 0
    package var blockCount = 0
    package var epilogue = EpilogueArguments()
}

/// Generates folds of whole planes: src `[C/c, P, c]` to dst `[C/c, c]`, in several partial results that do not wait for
/// one another and round less than one long sum.
enum PlanePoolingGenerator {
    /// Partial results: two loads a cycle into chains of four cycles.
    private static let partialCount = 8

    /// The program.
    static func program(_ descriptor: PlanePoolingDescriptor, target: VectorTarget) -> KernelProgram {
        typealias Fields = MemoryLayout<PlanePoolingArguments>
        let jit = KernelBuilder(
            name: "f32_plane\(descriptor.function)_blocked_\(partialCount)\(descriptor.epilogue.nameSuffix)",
            target: target
        )
        let src = jit.argument("src", at: Fields.offset(of: \.src))
        let dst = jit.argument("dst", at: Fields.offset(of: \.dst))
        let channelByteOffset = jit.integer("channel offset", 0)
        jit.loop("blocks left", count: jit.argument("blocks", at: Fields.offset(of: \.blockCount))) { _ in
            let value = fold(descriptor, src, jit)
            if descriptor.function == .mean { jit.multiply(value, value, 1 / Float(descriptor.positions)) }
            let epilogue = BlockedEpilogue(
                descriptor.epilogue,
                jit,
                argumentsByteOffset: Fields.offset(of: \.epilogue),
                dst: dst,
                channelByteOffset: channelByteOffset
            )
            epilogue.emit(value, dstByteOffset: 0)
            jit.store(value, to: dst[0])
            jit.advance(dst, by: jit.vectorByteCount)
            jit.advance(channelByteOffset, by: jit.vectorByteCount)
        }
        return jit.finish()
    }

    /// The fold of the plane at `src`, which is advanced to the next.
    private static func fold(
        _ descriptor: PlanePoolingDescriptor,
        _ src: IntegerVariable,
        _ jit: KernelBuilder
    ) -> FloatVector {
        let count = min(partialCount, descriptor.positions)
        let partials = (0..<count).map { index in
            let partial = jit.floats("partial[\(index)]")
            jit.load(partial, from: src[index * jit.vectorByteCount])
            return partial
        }
        if descriptor.function == .maximum {
            for partial in partials { exchangeNaN(partial, jit) }
        }
        jit.advance(src, by: count * jit.vectorByteCount)
        func round(_ count: Int) {
            for (index, partial) in partials.prefix(count).enumerated() {
                combine(descriptor.function, partial, src[index * jit.vectorByteCount], jit)
            }
            jit.advance(src, by: count * jit.vectorByteCount)
        }
        let left = descriptor.positions - count
        jit.loop("rounds left", count: left / count) { _ in round(count) }
        if left % count > 0 { round(left % count) }
        var values = partials
        while values.count > 1 {
            let half = (values.count + 1) / 2
            for index in half..<values.count { join(descriptor.function, values[index - half], values[index], jit) }
            values = Array(values.prefix(half))
        }
        return values[0]
    }

    /// Replaces NaN, which is never the greatest element.
    private static func exchangeNaN(_ value: FloatVector, _ jit: KernelBuilder) {
        let lowest = jit.floats("lowest")
        jit.set(lowest, to: -.infinity)
        jit.maximum(value, value, lowest)
    }

    private static func combine(
        _ function: PlanePoolingDescriptor.Function,
        _ value: FloatVector,
        _ memory: MemoryReference,
        _ jit: KernelBuilder
    ) {
        guard function == .maximum else { return jit.add(value, value, memory) }
        // The hardware gives its last operand where one is NaN: that must be the value.
        let src = jit.floats("src")
        jit.load(src, from: memory)
        jit.maximum(value, src, value)
    }

    private static func join(
        _ function: PlanePoolingDescriptor.Function,
        _ value: FloatVector,
        _ other: FloatVector,
        _ jit: KernelBuilder
    ) {
        if function == .maximum { jit.maximum(value, other, value) } else { jit.add(value, value, other) }
    }
}
