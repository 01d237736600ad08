// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaTensor

/// A fold of whole blocked planes ready to run.
///
/// Inputs: src `[N, C/c, …, c]`, then the operands of the epilogue. Output: `[N, C/c, 1…, c]`.
package struct PlanePooling: AddressedKernel {
    package let descriptor: PlanePoolingDescriptor
    private let batch: Int
    private let lanes: Int
    private let kernel: ExecutableKernel
    private let blocksPerPart: Int
    private var operands: BlockedOperands

    /// About 10 µs of reading.
    private static let partByteCount = 128 << 10

    /// Compiles, or takes from `cache`, the kernel for `descriptor`.
    ///
    /// - Parameter target: nil interprets.
    /// - Throws: ``JITError/invalidProgram(kernel:reason:)`` where ``PlanePoolingDescriptor/rejection(lanes:)`` gives a
    ///   reason.
    package init(
        _ descriptor: PlanePoolingDescriptor,
        batch: Int,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        lanes = (target ?? .longest(.avx2)).lanes  // what interpreted kernels are written for
        if let reason = descriptor.rejection(lanes: lanes) {
            throw .invalidProgram(kernel: "plane pooling", reason: reason)
        }
        self.descriptor = descriptor
        self.batch = batch
        kernel = try cache.kernel(for: descriptor, target: target) { target in
            PlanePoolingGenerator.program(descriptor, target: target)
        }
        blocksPerPart = max(1, Self.partByteCount / (descriptor.positions * lanes * 4))
        operands = BlockedOperands(descriptor.epilogue, output: [batch, descriptor.channels, 1], lanes: lanes)
    }

    private var blockCount: Int { descriptor.blockCount(lanes: lanes) }
    private var blockPartCount: Int { (blockCount + blocksPerPart - 1) / blocksPerPart }

    package var identifier: String { kernel.name }
    package var partCount: Int { batch * blockPartCount }
    package var acceptsStridedOutput: Bool { true }
    package var inputsThatMayBeOverwritten: [Int] { operands.inputsThatMayBeOverwritten }

    package func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        var kernel = self
        kernel.operands = operands.prepared(constants: constants, packed: packed)
        return kernel
    }

    package func run(parts: Range<Int>, operands: KernelOperands) {
        for part in parts { run(part: part, operands) }
    }

    private func run(part: Int, _ operands: KernelOperands) {
        let (src, dst) = (operands.input(0), operands.output)
        let (image, blockPart) = part.quotientAndRemainder(dividingBy: blockPartCount)
        let blocks = (blockPart * blocksPerPart)..<min((blockPart + 1) * blocksPerPart, blockCount)
        let vectorByteCount = lanes * 4
        let dstImage = dst.address + image * dst.outerStrideElements * 4
        let srcImage = src.address + image * src.outerStrideElements * 4
        var arguments = PlanePoolingArguments()
        arguments.src = srcImage + blocks.lowerBound * descriptor.positions * vectorByteCount
        arguments.dst = dstImage + blocks.lowerBound * vectorByteCount
        arguments.blockCount = blocks.count
        arguments.epilogue = descriptor.epilogue.arguments(
            self.operands.addresses(operands),
            image: image,
            block: blocks.lowerBound,
            blockCount: blockCount,
            imageByteCount: blockCount * vectorByteCount,
            lanes: lanes,
            dstImage: dstImage
        )
        kernel(arguments)
    }
}
