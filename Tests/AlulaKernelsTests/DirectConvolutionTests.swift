// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// A random convolution with its operands and the scalar definition's answer.
struct DirectConvolutionProblem: CustomTestStringConvertible {
    let descriptor: DirectConvolutionDescriptor
    let batch: Int
    let src: Tensor
    let weights: Tensor
    let bias: Tensor
    let residual: Tensor

    /// Operands of `descriptor`, repeatable by `seed`.
    init(_ descriptor: DirectConvolutionDescriptor, batch: Int = 1, seed: UInt64) {
        self.descriptor = descriptor
        self.batch = batch
        var random = SeededRandom(seed: seed)
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        src = random.tensor([batch, descriptor.group * descriptor.srcChannels, rows.srcExtent, columns.srcExtent])
        weights = random.tensor([
            descriptor.group * descriptor.dstChannels, descriptor.srcChannels, rows.kernelExtent, columns.kernelExtent,
        ])
        bias = random.tensor([descriptor.group * descriptor.dstChannels])
        residual = random.tensor([
            batch, descriptor.group * descriptor.dstChannels, rows.dstExtent, columns.dstExtent,
        ])
    }

    /// A problem drawn at random: any window, stride, dilation, padding, layout and epilogue.
    init(seed: UInt64, lanes: Int) {
        var random = SeededRandom(seed: seed)
        let group = random.pick([1, 1, 1, 2])
        let axis = { (random: inout SeededRandom) in
            Self.axis(
                srcExtent: random.int(4...23),
                kernelExtent: random.int(1...4),
                stride: random.int(1...2),
                dilation: random.int(1...2),
                padBegin: random.int(0...3),
                padEnd: random.int(0...3)
            )
        }
        let (rows, columns) = (axis(&random), axis(&random))
        let descriptor = DirectConvolutionDescriptor(
            srcChannels: group > 1 ? lanes * random.int(1...2) : random.int(1...(2 * lanes + 1)),
            dstChannels: group > 1 ? lanes * random.int(1...3) : random.int(1...(5 * lanes)),
            group: group,
            rows: rows,
            columns: columns,
            srcLayout: random.pick([.blocked, .planar]),
            hasBias: random.pick([true, false]),
            epilogue: Self.epilogue(&random)
        )
        self.init(descriptor, batch: random.int(1...2), seed: seed)
    }

    /// A residual or none, then a function or none.
    private static func epilogue(_ random: inout SeededRandom) -> Epilogue {
        var epilogue = Epilogue()
        if random.pick([true, false]) {
            epilogue.operands = [Epilogue.Operand(input: 3, extent: .full)]
            epilogue.stages = [.combine(.add, operand: 0)]
        }
        let functions: [VectorFunction?] = [
            nil, .relu, .leakyRelu(alpha: 0.1), .clip(minimum: -0.5, maximum: 1.5), .swish(alpha: 1),
        ]
        if let function = random.pick(functions) { epilogue.stages.append(.function(function)) }
        return epilogue
    }

    /// The window over an axis; extents grow until there is a window.
    static func axis(
        srcExtent: Int,
        kernelExtent: Int,
        stride: Int,
        dilation: Int,
        padBegin: Int,
        padEnd: Int
    ) -> WindowAxis {
        let reach = (kernelExtent - 1) * dilation + 1
        let extent = max(srcExtent, reach)
        return WindowAxis(
            srcExtent: extent,
            dstExtent: (extent + padBegin + padEnd - reach) / stride + 1,
            kernelExtent: kernelExtent,
            stride: stride,
            dilation: dilation,
            padBegin: padBegin,
            padEnd: padEnd
        )
    }

    var testDescription: String { "\(descriptor) batch \(batch)" }

    /// The scalar definition, activation included.
    func reference() throws -> Tensor {
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        let conv = Conv(
            window: WindowParameters(
                strides: [rows.stride, columns.stride],
                dilations: [rows.dilation, columns.dilation],
                padsBegin: [rows.padBegin, columns.padBegin],
                padsEnd: [rows.padEnd, columns.padEnd]
            ),
            group: descriptor.group
        )
        let result = Tensor(zeros: .float32, shape: residual.shape)
        try conv.evaluate([src, weights, descriptor.hasBias ? bias : nil], into: [result])
        let added = residual.elements(as: Float.self)
        let values = result.elements(as: Float.self).enumerated().map { index, value in
            activate(value + (descriptor.epilogue.operands.isEmpty ? 0 : added[index]))
        }
        return Tensor(values, shape: result.shape)
    }

    private func activate(_ value: Float) -> Float {
        guard case .function(let function)? = descriptor.epilogue.stages.last else { return value }
        switch function {
        case .relu: return max(0, value)
        case .leakyRelu(let alpha): return value < 0 ? alpha * value : value
        case .clip(let minimum, let maximum): return min(max(value, minimum), maximum)
        default: return Swish(alpha: 1).apply(value)
        }
    }

    /// The operands as the generated code wants them.
    func packed(_ convolution: DirectConvolution) -> (src: Tensor, weights: Tensor, bias: Tensor, residual: Tensor) {
        let layout = BlockedLayout(lanes: convolution.lanes)
        return (
            descriptor.srcLayout == .blocked ? layout.blocked(src) : src,
            descriptor.packedWeights(weights, tile: convolution.tile, lanes: convolution.lanes),
            descriptor.packedBias(bias, lanes: convolution.lanes), layout.blocked(residual)
        )
    }

    /// The sum of magnitudes grows with its length, so the tolerance does: 2⁻²⁴ a term and a factor for the order.
    var tolerance: Float {
        let terms = descriptor.srcChannels * descriptor.rows.kernelExtent * descriptor.columns.kernelExtent
        return Float(terms + 2) * 4 * 0x1p-24
    }
}

/// Targets this machine can run.
private let targets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

/// The direct convolution against the scalar definition.
@Suite struct DirectConvolutionTests {
    private func check(
        _ problem: DirectConvolutionProblem,
        _ target: VectorTarget?,
        tile: DirectConvolutionTile? = nil,
        _ context: String
    ) throws {
        let convolution = try DirectConvolution(
            problem.descriptor,
            batch: problem.batch,
            tile: tile,
            target: target,
            cache: CodeCache()
        )
        let operands = problem.packed(convolution)
        let layout = BlockedLayout(lanes: convolution.lanes)
        let expected = try problem.reference()
        let dst = Tensor(
            [Float](repeating: .nan, count: layout.shape(of: expected.shape).elementCount),
            shape: layout.shape(of: expected.shape)
        )
        for part in (0..<convolution.partCount).shuffled() {
            convolution.run(
                parts: part..<(part + 1),
                src: operands.src,
                weights: operands.weights,
                bias: problem.descriptor.hasBias ? operands.bias : nil,
                operands: operands.residual.asOperand,
                dst: dst
            )
        }
        let actual = layout.planar(dst, shape: expected.shape).elements(as: Float.self)
        let difference = zip(actual, expected.elements(as: Float.self)).map { ($0 - $1).magnitude }.max() ?? 0
        #expect(difference <= problem.tolerance, "\(context): \(problem) differs by \(difference)")
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...20 {
            try check(DirectConvolutionProblem(seed: seed, lanes: target.lanes), target, "seed \(seed)")
        }
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func everyTileMatchesTheReference(target: VectorTarget) throws {
        let rows = DirectConvolutionProblem.axis(
            srcExtent: 5,
            kernelExtent: 3,
            stride: 1,
            dilation: 1,
            padBegin: 1,
            padEnd: 1
        )
        let columns = DirectConvolutionProblem.axis(
            srcExtent: 31,
            kernelExtent: 3,
            stride: 1,
            dilation: 1,
            padBegin: 1,
            padEnd: 1
        )
        let descriptor = DirectConvolutionDescriptor(
            srcChannels: target.lanes,
            dstChannels: 5 * target.lanes,
            rows: rows,
            columns: columns
        )
        let problem = DirectConvolutionProblem(descriptor, seed: 7)
        // Every other one: tiles differ little from their neighbours, and debug builds are slow.
        for (index, tile) in DirectConvolutionTile.candidates(descriptor, target).enumerated() where index % 2 == 0 {
            try check(problem, target, tile: tile, "\(tile)")
        }
    }

    @Test func anInterpretedConvolutionMatchesTheReference() throws {
        let axis = DirectConvolutionProblem.axis(
            srcExtent: 5,
            kernelExtent: 3,
            stride: 1,
            dilation: 1,
            padBegin: 1,
            padEnd: 1
        )
        let descriptor = DirectConvolutionDescriptor(srcChannels: 3, dstChannels: 9, rows: axis, columns: axis)
        try check(DirectConvolutionProblem(descriptor, seed: 3), nil, "interpreted")
    }

    /// Every access of every call, in memory with gaps between the operands.
    @Test(arguments: [4, 8, 16])
    func noAccessLeavesTheOperands(lanes: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        for seed in UInt64(1)...4 {
            let problem = DirectConvolutionProblem(seed: seed, lanes: lanes)
            let descriptor = problem.descriptor
            let tile = DirectConvolutionTile.best(descriptor, target)
            var memory = CheckedMemory()
            let layout = BlockedLayout(lanes: lanes)
            let src = descriptor.srcLayout == .blocked ? layout.blocked(problem.src) : problem.src
            let operands = DirectConvolutionSchedule.Operands(
                src: memory.add(src.byteArray),
                weights: memory.add(descriptor.packedWeights(problem.weights, tile: tile, lanes: lanes).byteArray),
                bias: memory.add(descriptor.packedBias(problem.bias, lanes: lanes).byteArray),
                dst: memory.add(layout.blocked(problem.residual).byteArray),
                epilogue: EpilogueArguments(memory.add(layout.blocked(problem.residual).byteArray))
            )
            let schedule = DirectConvolutionSchedule(descriptor, batch: problem.batch, tile: tile, lanes: lanes)
            var calls: [(dstBlocks: Int, arguments: DirectConvolutionArguments)] = []
            for part in 0..<schedule.partCount { schedule.forEachCall(of: part, operands) { calls.append(($0, $1)) } }
            for call in calls {
                var narrowed = tile
                narrowed.dstBlocks = call.dstBlocks
                let program = DirectConvolutionGenerator.program(schedule.descriptor, tile: narrowed, target: target)
                let arguments = memory.add(bytes(call.arguments))
                var interpreter = try KernelInterpreter(program, memory: memory)
                memory = try interpreter.run(arguments: arguments)
            }
            let expected = try problem.reference()
            let dst = try #require(
                Tensor(
                    copying: memory.bytes(at: operands.dst)[...],
                    dataType: .float32,
                    shape: layout.shape(of: expected.shape)
                )
            )
            let actual = layout.planar(dst, shape: expected.shape).elements(as: Float.self)
            let difference = zip(actual, expected.elements(as: Float.self)).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(difference <= problem.tolerance, "seed \(seed): \(problem)")
        }
    }

    private func bytes(_ arguments: DirectConvolutionArguments) -> [UInt8] {
        let fields =
            [
                arguments.src, arguments.weights, arguments.weightsAhead, arguments.bias, arguments.dst,
                arguments.tapRowCount, arguments.skippedWeightByteCount, arguments.occupied,
            ] + (0..<EpilogueArguments.limit).map { arguments.epilogue[$0] }
        return fields.flatMap { field in (0..<8).map { UInt8(truncatingIfNeeded: field >> ($0 * 8)) } }
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func lanesBehindTheLastChannelStayZero(target: VectorTarget) throws {
        let axis = DirectConvolutionProblem.axis(
            srcExtent: 6,
            kernelExtent: 3,
            stride: 1,
            dilation: 1,
            padBegin: 1,
            padEnd: 1
        )
        let descriptor = DirectConvolutionDescriptor(
            srcChannels: 3,
            dstChannels: target.lanes + 1,
            rows: axis,
            columns: axis,
            epilogue: Epilogue(stages: [.function(.relu)])
        )
        let problem = DirectConvolutionProblem(descriptor, seed: 11)
        let convolution = try DirectConvolution(descriptor, batch: 1, target: target, cache: CodeCache())
        let operands = problem.packed(convolution)
        let dst = Tensor([Float](repeating: .nan, count: 2 * 36 * target.lanes), shape: [1, 2, 6, 6, target.lanes])
        for part in 0..<convolution.partCount {
            convolution.run(
                parts: part..<(part + 1),
                src: operands.src,
                weights: operands.weights,
                bias: operands.bias,
                dst: dst
            )
        }
        let second = dst.elements(as: Float.self).dropFirst(36 * target.lanes)
        #expect(second.enumerated().allSatisfy { $0.offset % target.lanes == 0 || $0.element == 0 })
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func nanPassesThroughReLU(target: VectorTarget) throws {
        let axis = DirectConvolutionProblem.axis(
            srcExtent: 1,
            kernelExtent: 1,
            stride: 1,
            dilation: 1,
            padBegin: 0,
            padEnd: 0
        )
        let descriptor = DirectConvolutionDescriptor(
            srcChannels: 1,
            dstChannels: 1,
            rows: axis,
            columns: axis,
            srcLayout: .planar,
            epilogue: Epilogue(stages: [.function(.relu)])
        )
        let convolution = try DirectConvolution(descriptor, batch: 1, target: target, cache: CodeCache())
        let dst = Tensor(zeros: .float32, shape: [1, 1, 1, 1, target.lanes])
        let weights = Tensor([Float(1)], shape: [1, 1, 1, 1])
        convolution.run(
            parts: 0..<1,
            src: Tensor([Float.nan], shape: [1, 1, 1, 1]),
            weights: descriptor.packedWeights(weights, tile: convolution.tile, lanes: target.lanes),
            bias: descriptor.packedBias(Tensor([Float(0)], shape: [1]), lanes: target.lanes),
            dst: dst
        )
        #expect(dst.elements(as: Float.self)[0].isNaN)
    }

    @Test func groupsThatDoNotFillBlocksAreRejectedWithTheReason() {
        let axis = DirectConvolutionProblem.axis(
            srcExtent: 4,
            kernelExtent: 1,
            stride: 1,
            dilation: 1,
            padBegin: 0,
            padEnd: 0
        )
        let descriptor = DirectConvolutionDescriptor(
            srcChannels: 3,
            dstChannels: 8,
            group: 2,
            rows: axis,
            columns: axis
        )
        #expect(descriptor.rejection(lanes: 8) == "2 groups of 3 to 8 channels do not fill blocks of 8")
    }

    @Test(arguments: [(54, 16, 32), (216, 16, 32), (108, 8, 16), (7, 16, 32)])
    func theChosenTileFitsTheRegisters(columns: Int, lanes: Int, registers: Int) throws {
        let target = try #require(VectorTarget(isa: lanes == 16 ? .avx512 : .avx2, lanes: lanes))
        let axis = DirectConvolutionProblem.axis(
            srcExtent: columns,
            kernelExtent: 3,
            stride: 1,
            dilation: 1,
            padBegin: 1,
            padEnd: 1
        )
        let descriptor = DirectConvolutionDescriptor(srcChannels: 64, dstChannels: 64, rows: axis, columns: axis)
        let tile = DirectConvolutionTile.best(descriptor, target)
        #expect(tile.dstBlocks * tile.width + tile.dstBlocks + 1 <= registers)
        let program = DirectConvolutionGenerator.program(descriptor, tile: tile, target: target)
        _ = try KernelCompiler(target: target).compile(program)
    }
}

@Suite(.enabled(if: !targets.isEmpty)) struct SparseConvolutionTests {
    /// Numbers on a few pixels, zeros elsewhere.
    private func sparse(_ shape: Shape, pixels: Int, _ random: inout SeededRandom) -> Tensor {
        let tensor = Tensor(zeros: .float32, shape: shape)
        var elements = tensor.mutableSpan(of: Float.self)
        let plane = shape[2] * shape[3]
        for _ in 0..<pixels {
            let pixel = random.int(0...(plane - 1))
            for image in 0..<shape[0] {
                let channel = random.int(0...(shape[1] - 1))
                elements[(image * shape[1] + channel) * plane + pixel] = Float.random(in: -1...1, using: &random)
            }
        }
        return tensor
    }

    /// Skipping must not change a bit: the sums that are left out are sums of zeros.
    @Test(arguments: targets, [(3, 1, 1), (3, 2, 1), (1, 1, 0), (5, 2, 2)])
    func skippingEmptyTilesChangesNothing(target: VectorTarget, window: (extent: Int, stride: Int, pad: Int)) throws {
        for (seed, layout) in zip(UInt64(1)..., [DirectConvolutionDescriptor.SourceLayout.blocked, .planar]) {
            var random = SeededRandom(seed: seed)
            let axis = DirectConvolutionProblem.axis(
                srcExtent: 61,
                kernelExtent: window.extent,
                stride: window.stride,
                dilation: 1,
                padBegin: window.pad,
                padEnd: window.pad
            )
            var descriptor = DirectConvolutionDescriptor(
                srcChannels: 2 * target.lanes + 1,
                dstChannels: 2 * target.lanes,
                rows: axis,
                columns: axis,
                srcLayout: layout,
                epilogue: Epilogue(stages: [.function(.relu)])
            )
            let planar = sparse([2, descriptor.srcChannels, 61, 61], pixels: 9, &random)
            let src = layout == .planar ? planar : BlockedLayout(lanes: target.lanes).blocked(planar)
            let weights = random.tensor([descriptor.dstChannels, descriptor.srcChannels, window.extent, window.extent])
            let bias = random.tensor([descriptor.dstChannels])
            var results: [[Float]] = []
            for skips in [false, true] {
                descriptor.skipsEmptyTiles = skips
                let convolution = try DirectConvolution(descriptor, batch: 2, target: target, cache: CodeCache())
                let tile = convolution.tile
                let packedWeights = descriptor.packedWeights(weights, tile: tile, lanes: target.lanes)
                let packedBias = descriptor.packedBias(bias, lanes: target.lanes)
                let shape: Shape = [2, 2, axis.dstExtent, axis.dstExtent, target.lanes]
                let dst = Tensor([Float](repeating: .nan, count: shape.elementCount), shape: shape)
                for part in 0..<convolution.partCount {
                    convolution.run(
                        parts: part..<(part + 1),
                        src: src,
                        weights: packedWeights,
                        bias: packedBias,
                        dst: dst
                    )
                }
                results.append(dst.elements(as: Float.self))
            }
            #expect(results[0] == results[1])
        }
    }
}

extension Tensor {
    /// This tensor as the first operand of an epilogue.
    fileprivate var asOperand: EpilogueArguments { EpilogueArguments(Int(bitPattern: address)) }
}
