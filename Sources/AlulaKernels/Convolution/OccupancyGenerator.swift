// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// The fields generated code reads; one call looks at one row of src.
struct OccupancyArguments: BitwiseCopyable, Sendable {
    /// The row's first column of the first channel.
    var src = 0
    /// `[W]` floats: 1 where any channel is not zero, else 0.
    var dst = 0
}

/// Generates `dst[w] = any channel of src[w] ≠ 0`: where a convolution after a scatter has something to do.
///
/// Bits are compared, so that a negative zero counts as something. Layouts: src `[C/c, H, W, c]` or `[C, H, W]`.
struct OccupancyGenerator {
    /// What code is generated for.
    struct Configuration: Hashable, Sendable {
        var srcLayout: DirectConvolutionDescriptor.SourceLayout
        /// Planes of src: channels, or blocks of them.
        var planeCount: Int
        var planeByteCount: Int
        var columnCount: Int
    }

    private let jit: KernelBuilder
    private let configuration: Configuration
    private let src: IntegerVariable
    private let dst: IntegerVariable
    private let one: FloatVector
    private let zero: FloatVector

    static func program(_ configuration: Configuration, target: VectorTarget) -> KernelProgram {
        let generator = OccupancyGenerator(configuration, target)
        generator.generate()
        return generator.jit.finish()
    }

    private init(_ configuration: Configuration, _ target: VectorTarget) {
        jit = KernelBuilder(name: "f32_occupancy_\(configuration.srcLayout)", target: target)
        self.configuration = configuration
        src = jit.argument("src", at: MemoryLayout<OccupancyArguments>.offset(of: \.src))
        dst = jit.argument("dst", at: MemoryLayout<OccupancyArguments>.offset(of: \.dst))
        one = jit.floats("one")
        zero = jit.floats("zero")
    }

    private func generate() {
        jit.set(one, to: 1)
        jit.set(zero, to: 0)
        switch configuration.srcLayout {
        case .blocked: generateBlocked()
        case .planar: generatePlanar()
        }
    }

    /// A column at a time: its channels fill vectors.
    private func generateBlocked() {
        let first = jit.mask("first lane")
        jit.lanesBelow(first, jit.integer("one lane", 1))
        jit.loop("columns left", count: configuration.columnCount) { _ in
            let flags = occupied(where: nil)
            jit.reduce(.maximum, flags, flags)
            jit.store(flags, to: dst[0], where: first)
            jit.advance(src, by: jit.vectorByteCount)
            jit.advance(dst, by: 4)
        }
    }

    /// A vector of columns at a time.
    private func generatePlanar() {
        let (vectors, rest) = configuration.columnCount.quotientAndRemainder(dividingBy: jit.lanes)
        jit.loop("vectors left", count: vectors) { _ in
            jit.store(occupied(where: nil), to: dst[0])
            jit.advance(src, by: jit.vectorByteCount)
            jit.advance(dst, by: jit.vectorByteCount)
        }
        guard rest > 0 else { return }
        let tail = jit.mask("tail")
        jit.lanesBelow(tail, jit.integer("tail columns", rest))
        jit.store(occupied(where: tail), to: dst[0], where: tail)
    }

    /// One in every lane where a plane has a bit set, zero elsewhere.
    private func occupied(where mask: LaneMask?) -> FloatVector {
        let bits = jit.integers("bits")
        jit.set(bits, to: 0)
        let plane = jit.integer("plane", src)
        jit.loop("planes left", count: configuration.planeCount) { _ in
            let value = jit.integers("value")
            jit.load(value, from: plane[0], where: mask)
            jit.apply(.or, bits, bits, value)
            jit.advance(plane, by: configuration.planeByteCount)
        }
        let isEmpty = jit.mask("is empty")
        jit.compare(isEmpty, bits, .integerEqual, Int32(0))
        let flags = jit.floats("flags")
        jit.select(flags, isEmpty, zero, one)
        return flags
    }
}
