// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Glibc
import Testing

/// Targets this machine can run.
let blockedTargets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

/// Memory whose first byte behind the end cannot be touched, nor can what lies a page before it.
@safe final class GuardedMemory {
    private let start: UnsafeMutableRawPointer
    private let mappedByteCount: Int
    let address: UInt

    init?(byteCount: Int) {
        let page = 4096
        let inner = (byteCount + page - 1) / page * page
        mappedByteCount = inner + 2 * page
        let mapped = unsafe mmap(nil, mappedByteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED,
            unsafe mprotect(mapped + page, inner, PROT_READ | PROT_WRITE) == 0
        else { return nil }
        unsafe start = mapped
        address = UInt(bitPattern: unsafe mapped + page + inner - byteCount)
    }

    deinit { unsafe munmap(start, mappedByteCount) }

    /// A copy of `tensor` in such memory.
    static func copy(_ tensor: Tensor) throws -> Tensor {
        let memory = try #require(GuardedMemory(byteCount: tensor.byteCount))
        let storage = unsafe TensorStorage(address: memory.address, byteCount: tensor.byteCount, owner: memory)
        let copy = Tensor(dataType: tensor.dataType, shape: tensor.shape, storage: storage, byteOffset: 0)
        let result = try #require(copy)
        result.copyElements(from: tensor)
        return result
    }
}

/// A problem for kernels with blocked tensors, checked against the scalar definition of its operator.
struct BlockedCheck {
    var operation: any Operator
    var inputs: [Tensor?]
    /// Inputs whose content kernels know beforehand.
    var constants: Set<Int> = []
    /// Allowed difference, relative to the largest magnitude expected.
    var tolerance: Double = 1e-5
    /// Printed with a failure.
    var context = ""

    /// Runs the tactics `family` lists, at most `limit` of them, and compares what they compute.
    func run(
        _ target: VectorTarget,
        limit: Int = .max,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ family: (KernelProblem) -> [KernelTactic]
    ) throws {
        let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let expected = Tensor(zeros: .float32, shape: types[0].shape)
        try operation.evaluate(inputs, into: [expected])
        var problem = KernelProblem(
            operation,
            inputs: inputs.map { $0?.type },
            outputs: types,
            constants: inputs.enumerated().map { constants.contains($0.offset) ? $0.element : nil },
            target: target
        )
        problem.unusedOutputs = Set(types.indices.dropFirst())
        let tactics = family(problem)
        let text = "\(operation.described.text) \(inputs.map { $0?.shape.description ?? "_" }) \(target) \(context)"
        #expect(!tactics.isEmpty, "no tactic for \(text)", sourceLocation: sourceLocation)
        for tactic in tactics.prefix(limit) {
            let made = try #require(tactic.make(), "\(tactic.name): \(text)", sourceLocation: sourceLocation)
            let kernel = made.prepared(constants: problem.constants, packed: PackedConstants())
            let place = "\(tactic.name) \(kernel.identifier): \(text)"
            let operands = try inputs.enumerated().map { index, tensor in
                try tensor.map { tensor in
                    let layouts = constants.contains(index) ? [] : tactic.inputLayouts
                    return try stored(tensor, layouts.indices.contains(index) ? layouts[index] : .planar)
                }
            }
            let dst = try GuardedMemory.copy(filled(tactic.outputLayout.storedShape(types[0].shape)))
            for part in (0..<kernel.partCount).shuffled() { kernel.run(part: part, inputs: operands, outputs: [dst]) }
            compare(dst, tactic.outputLayout, expected, place, sourceLocation)
            guard kernel.acceptsStridedOutput else { continue }
            let strided = try gapped(dst.shape)
            for part in 0..<kernel.partCount { kernel.run(part: part, inputs: operands, outputs: [strided]) }
            let copy = filled(dst.shape)
            copy.copyElements(from: strided)
            compare(copy, tactic.outputLayout, expected, place + " strided", sourceLocation)
        }
    }

    /// `tensor` as a kernel gets it, in guarded memory; what lies behind the last channel is large and has no meaning.
    private func stored(_ tensor: Tensor, _ layout: TensorLayout) throws -> Tensor {
        guard case .blocked(let lanes) = layout else { return try GuardedMemory.copy(tensor) }
        let result = Tensor(
            [Float](repeating: 1e6, count: layout.storedShape(tensor.shape).elementCount),
            shape: layout.storedShape(tensor.shape)
        )
        let source = tensor.span(of: Float.self)
        var target = result.mutableSpan(of: Float.self)
        Self.forEachElement(of: tensor.shape, lanes) { planar, blocked in target[blocked] = source[planar] }
        return try GuardedMemory.copy(result)
    }

    private static func forEachElement(of shape: Shape, _ lanes: Int, _ body: (_ planar: Int, _ blocked: Int) -> Void) {
        let plane = shape.elementCount(in: 2..<shape.rank)
        let blocks = (shape[1] + lanes - 1) / lanes
        for index in 0..<(shape[0] * shape[1]) {
            let (image, channel) = index.quotientAndRemainder(dividingBy: shape[1])
            let start = (image * blocks + channel / lanes) * plane * lanes + channel % lanes
            for position in 0..<plane { body(index * plane + position, start + position * lanes) }
        }
    }

    private func compare(
        _ dst: Tensor,
        _ layout: TensorLayout,
        _ expected: Tensor,
        _ text: String,
        _ sourceLocation: SourceLocation
    ) {
        let stored = dst.elements(as: Float.self)
        let right = expected.elements(as: Float.self)
        var left = stored
        if case .blocked(let lanes) = layout {
            left = right
            Self.forEachElement(of: expected.shape, lanes) { planar, blocked in left[planar] = stored[blocked] }
            let isWritten = right.contains { !$0.isFinite } || stored.allSatisfy { $0.isFinite }
            #expect(isWritten, "lanes behind the last channel: \(text)", sourceLocation: sourceLocation)
        }
        let scale = max(1e-3, right.lazy.filter(\.isFinite).map { Double(abs($0)) }.max() ?? 1)
        for index in right.indices {
            let (a, b) = (Double(left[index]), Double(right[index]))
            if a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * scale { continue }
            Issue.record("\(text): element \(index): got \(a), expected \(b)", sourceLocation: sourceLocation)
            return
        }
    }

    /// A tensor of NaN, so that an element nobody writes shows.
    private func filled(_ shape: Shape) -> Tensor {
        Tensor([Float](repeating: .nan, count: shape.elementCount), shape: shape)
    }

    /// The same with a gap behind every index of the outermost axis.
    private func gapped(_ shape: Shape) throws -> Tensor {
        let image = shape.elementCount(in: 1..<shape.rank)
        let tensor = Tensor(
            dataType: .float32,
            shape: shape,
            storage: filled([shape[0], image + 7]).storage,
            byteOffset: 0,
            outerStrideElements: image + 7
        )
        return try #require(tensor)
    }
}

extension SeededRandom {
    /// A window over one axis drawn at random, with the extent of src it needs.
    mutating func windowAxis(kernel: ClosedRange<Int>, stride: ClosedRange<Int>, pad: ClosedRange<Int>) -> WindowAxis {
        let (kernel, stride, dilation) = (int(kernel), int(stride), pick([1, 1, 1, 2, 3]))
        let pads = (int(pad), int(pad))
        let reach = (kernel - 1) * dilation + 1
        let extent = max(int(1...19), reach - pads.0 - pads.1, 1)
        return WindowAxis(
            srcExtent: extent,
            dstExtent: (extent + pads.0 + pads.1 - reach) / stride + 1,
            kernelExtent: kernel,
            stride: stride,
            dilation: dilation,
            padBegin: pads.0,
            padEnd: pads.1
        )
    }
}

extension WindowParameters {
    /// The window of two axes.
    init(_ rows: WindowAxis, _ columns: WindowAxis) {
        self.init(
            strides: [rows.stride, columns.stride],
            dilations: [rows.dilation, columns.dilation],
            padsBegin: [rows.padBegin, columns.padBegin],
            padsEnd: [rows.padEnd, columns.padEnd]
        )
    }
}

extension SeededRandom {
    /// Stages drawn at random for a producer of `producerInputs` with the output `shape`, and the inputs they add.
    mutating func stages(after producerInputs: Int, output shape: Shape) -> (stages: [Fused.Stage], inputs: [Tensor]) {
        let channels: Shape = [1, shape[1], 1, 1]
        var (stages, inputs) = ([Fused.Stage](), [Tensor]())
        for _ in 0..<int(0...2) {
            let operand = producerInputs + inputs.count
            switch int(0...5) {
            case 0: stages.append(Fused.Stage(Relu()))
            case 1: stages.append(Fused.Stage(HardSwish()))
            case 2: stages.append(Fused.Stage(Clip(minimum: -0.5, maximum: 1.5)))
            case 3:
                stages.append(Fused.Stage(Add(), operandInput: operand))
                inputs.append(tensor(shape))
            case 4:
                stages.append(Fused.Stage(Mul(), operandInput: operand))
                inputs.append(tensor(channels))
            default:
                stages.append(Fused.Stage(Sub(), operandInput: operand, isReversed: true))
                inputs.append(tensor([shape[0], shape[1], 1, 1]))
            }
        }
        return (stages, inputs)
    }
}
