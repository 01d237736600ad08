// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Targets this machine can run.
private let targets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

/// Runs the generated product for `operation` in random order of parts and compares it with the scalar definition.
///
/// - Parameter constants: inputs whose content is known before the first run.
private func check(
    _ operation: any Operator,
    _ inputs: [Tensor?],
    constants: Set<Int> = [],
    _ target: VectorTarget,
    context: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
    let expected = Tensor(zeros: .float32, shape: types[0].shape)
    try operation.evaluate(inputs, into: [expected])
    let known = inputs.indices.map { constants.contains($0) ? inputs[$0] : nil }
    let problem = KernelProblem(
        operation,
        inputs: inputs.map { $0?.type },
        outputs: types,
        constants: known,
        target: target
    )
    let tactic = try #require(GemmTactics.tactics(for: problem).first, sourceLocation: sourceLocation)
    let kernel = try #require(tactic.make(), sourceLocation: sourceLocation)
        .prepared(constants: known, packed: PackedConstants())
    let dst = Tensor([Float](repeating: .nan, count: expected.elementCount), shape: expected.shape)
    for part in (0..<kernel.partCount).shuffled() { kernel.run(part: part, inputs: inputs, outputs: [dst]) }
    let (got, wanted) = (dst.elements(as: Float.self), expected.elements(as: Float.self))
    let scale = max(1, wanted.map(\.magnitude).filter(\.isFinite).max() ?? 1)
    for index in got.indices where got[index] != wanted[index] {
        if got[index].isNaN && wanted[index].isNaN { continue }
        // Sums in float32 in another order than the definition's in double precision.
        if (got[index] - wanted[index]).magnitude <= 2e-6 * scale { continue }
        Issue.record(
            "\(problem.key) \(kernel.identifier) \(target) \(context): element \(index): \(got[index]), \(wanted[index])",
            sourceLocation: sourceLocation
        )
        return
    }
}

/// Matrix products in generated code against the scalar definition.
@Suite(.enabled(if: !targets.isEmpty)) struct GemmTests {
    // MARK: Sizes

    @Test(arguments: targets)
    func tailsOfRowsAndColumnsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        let rows = [1, 2, 5, 6, 7, 13, 29]
        let columns = [1, 2, target.lanes - 1, target.lanes, target.lanes + 1, 4 * target.lanes - 1, 67]
        for m in rows {
            for n in columns {
                let k = random.pick([1, 3, 4, 5, 16, 17])
                let inputs = [random.tensor([m, k]), random.tensor([k, n])]
                try check(MatMul(), inputs, constants: random.pick([[], [1]]), target)
            }
        }
    }

    @Test(arguments: targets)
    func longSumsAreContinuedBlockByBlock(target: VectorTarget) throws {
        var random = SeededRandom(seed: 2)
        for k in [511, 512, 513, 1031] {
            let inputs = [
                random.tensor([7, k]), random.tensor([k, target.lanes + 3]), random.tensor([target.lanes + 3]),
            ]
            let fused = Fused(
                producer: MatMul(),
                producerInputCount: 2,
                stages: [.init(Add(), operandInput: 2), .init(Relu())]
            )
            try check(fused, inputs, constants: [1, 2], target)
            try check(fused, inputs, target)
        }
    }

    @Test(arguments: targets)
    func manyPartsCoverTheProduct(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        for (m, n, k) in [(131, 130, 64), (1, 1000, 64), (600, 33, 300)] {
            let inputs = [random.tensor([m, k]), random.tensor([k, n])]
            try check(MatMul(), inputs, constants: [1], target)
            try check(MatMul(), inputs, target)
        }
    }

    // MARK: Operands

    @Test(arguments: targets)
    func stackedProductsBroadcast(target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        let shapes: [(Shape, Shape)] = [
            ([3, 5, 7], [7, 9]), ([2, 3, 5, 7], [2, 3, 7, 9]), ([2, 1, 5, 7], [3, 7, 9]), ([5, 7], [2, 2, 7, 9]),
            ([2, 3, 5, 7], [1, 3, 7, 9]), ([7], [7, 9]), ([5, 7], [7]), ([7], [7]), ([2, 5, 7], [7]), ([7], [3, 7, 9]),
        ]
        for (src, weights) in shapes {
            let inputs = [random.tensor(src), random.tensor(weights)]
            try check(MatMul(), inputs, target)
            try check(MatMul(), inputs, constants: [1], target)
        }
    }

    @Test(arguments: targets)
    func gemmFlagsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 5)
        for flags in 0..<4 {
            let gemm = Gemm(
                alpha: random.pick([1, 0.5]),
                isSrcTransposed: flags & 1 != 0,
                isWeightsTransposed: flags & 2 != 0
            )
            for (m, n, k) in [(9, 21, 13), (1, 37, 33), (23, 5, 16)] {
                let src = random.tensor(gemm.isSrcTransposed ? [k, m] : [m, k])
                let weights = random.tensor(gemm.isWeightsTransposed ? [n, k] : [k, n])
                for bias: Shape? in [nil, [n], [m, 1], [m, n], [1]] {
                    let inputs = [src, weights] + (bias.map { [random.tensor($0)] } ?? [])
                    try check(gemm, inputs, constants: random.pick([[], [1], [1, 2]]), target)
                }
            }
        }
    }

    // MARK: Epilogues

    @Test(arguments: targets)
    func stagesMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 6)
        for n in [target.lanes * 2, target.lanes * 3 + 1] {
            for function in [Relu(), Gelu(), Swish(alpha: 1), Sigmoid(), Tanh()] as [any Operator] {
                let inputs = [
                    random.tensor([2, 13, 9]), random.tensor([9, n]), random.tensor([n]), random.tensor([2, 13, n]),
                    random.tensor([2, 13, 1]), Tensor([Float(0.5)], shape: [1]),
                ]
                let fused = Fused(
                    producer: MatMul(),
                    producerInputCount: 2,
                    stages: [
                        .init(Mul(), operandInput: 5), .init(Add(), operandInput: 2), .init(function),
                        .init(Sub(), operandInput: 3, isReversed: true), .init(Mul(), operandInput: 4),
                    ]
                )
                try check(fused, inputs, constants: [1, 2, 5], target)
                try check(fused, inputs, target)
            }
        }
    }

    /// A stage operand that varies in a way generated code does not cover.
    @Test(arguments: targets)
    func otherStagesRunBehindTheProduct(target: VectorTarget) throws {
        var random = SeededRandom(seed: 7)
        let inputs = [random.tensor([2, 3, 5, 4]), random.tensor([2, 3, 4, 21]), random.tensor([2, 1, 5, 21])]
        let fused = Fused(producer: MatMul(), producerInputCount: 2, stages: [.init(Add(), operandInput: 2)])
        try check(fused, inputs, target)
    }

    @Test(arguments: targets)
    func specialValuesStayInTheirRowsAndColumns(target: VectorTarget) throws {
        var random = SeededRandom(seed: 8)
        let (m, n, k) = (7, target.lanes + 2, 5)
        var src = random.tensor([m, k]).elements(as: Float.self)
        var weights = random.tensor([k, n]).elements(as: Float.self)
        src[2 * k + 1] = .infinity
        src[4 * k + 3] = .nan
        weights[n - 1] = -.infinity
        weights[2 * n] = 0
        try check(MatMul(), [Tensor(src, shape: [m, k]), Tensor(weights, shape: [k, n])], constants: [1], target)
    }

    // MARK: Refusals

    @Test(arguments: targets)
    func othersProblemsAreLeftToOthers(target: VectorTarget) {
        func tactics(_ operation: any Operator, _ inputs: [TensorType], _ output: TensorType) -> Int {
            GemmTactics.tactics(
                for: KernelProblem(operation, inputs: inputs, outputs: [output], target: target)
            ).count
        }
        let square = TensorType(.float32, [4, 4])
        #expect(tactics(MatMul(), [square, square], square) == 1)
        #expect(tactics(Gemm(beta: 2), [square, square, square], square) == 0)
        let double = TensorType(.float64, [4, 4])
        #expect(tactics(MatMul(), [double, double], double) == 0)
        let empty = TensorType(.float32, [4, 0])
        #expect(tactics(MatMul(), [empty, TensorType(.float32, [0, 4])], square) == 0)
    }
}

/// Cutting and packing, without running products.
@Suite struct GemmScheduleTests {
    @Test(arguments: [1, 2, 5, 12, 13, 197])
    func evenSplitsCoverAllItems(items: Int) {
        for limit in 1...14 {
            let split = EvenSplit(items, limit: limit)
            var next = 0
            for index in 0..<split.count {
                #expect(split[index].lowerBound == next)
                #expect(split[index].count == split.largerSize - (index < split.largerCount ? 0 : 1))
                next = split[index].upperBound
            }
            #expect(next == items && split.largerSize <= limit)
            #expect(split[0..<split.count] == 0..<items)
        }
    }

    /// Every access of every call, in memory with gaps between the operands.
    @Test(arguments: [4, 8, 16])
    func noAccessLeavesTheOperands(lanes: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        var random = SeededRandom(seed: 9)
        for (m, n, k) in [(1, lanes + 1, 5), (7, 2 * lanes - 1, lanes + 1), (13, 3, 9)] {
            for isTransposed in [false, true] {
                var descriptor = GemmDescriptor(m: m, n: n, k: k)
                if isTransposed { descriptor.weights = MatrixStrides(row: 1, column: k) }
                for mode in [GemmBlocking.Weights.packed, .packedByPart, .inPlace] {
                    if mode == .inPlace && isTransposed { continue }
                    descriptor.areWeightsConstant = mode == .packed
                    var blocking = GemmBlocking.best(descriptor, target)
                    blocking.weights = mode
                    let (src, weights) = (random.tensor([m, k]), random.tensor([k, n]))
                    let actual = try run(
                        GemmSchedule(descriptor, blocking, lanes: lanes),
                        target,
                        src: src,
                        weights: weights
                    )
                    let expected = Tensor(zeros: .float32, shape: [m, n])
                    try Gemm(isWeightsTransposed: isTransposed).evaluate(
                        [src, isTransposed ? weights.reshaped(to: [n, k]) : weights],
                        into: [expected]
                    )
                    let difference = zip(actual, expected.elements(as: Float.self)).map { ($0 - $1).magnitude }.max()
                    #expect(difference ?? 1 < 1e-5, "\(descriptor) \(mode)")
                }
            }
        }
    }

    /// Interprets all calls of `schedule` on checked memory and returns dst.
    private func run(
        _ schedule: GemmSchedule,
        _ target: VectorTarget,
        src: Tensor,
        weights: Tensor
    ) throws -> [Float] {
        var memory = CheckedMemory()
        var operands = GemmSchedule.Operands()
        let dstCount = schedule.descriptor.m * schedule.descriptor.n
        operands.src = memory.add(src.byteArray)
        operands.weights = memory.add(weights.byteArray)
        operands.dst = memory.add([UInt8](repeating: 0xFF, count: dstCount * 4))
        operands.scratch = memory.add([UInt8](repeating: 0xFF, count: schedule.packedBlockByteCount))
        var calls: [(program: KernelProgram, arguments: [UInt8])] = []
        func pack(_ kind: GemmSchedule.PanelKind, _ arguments: GemmPackArguments) {
            calls.append((GemmPackGenerator.program(schedule.packDescriptor(kind), target: target), bytes(arguments)))
        }
        if schedule.blocking.weights == .packed {
            operands.packed = memory.add([UInt8](repeating: 0xFF, count: schedule.packedByteCount))
            schedule.forEachPacking(weights: operands.weights, packed: operands.packed, pack)
        }
        for part in 0..<schedule.partCount {
            schedule.forEachCall(of: part, operands, pack: pack) { variant, arguments in
                let program = GemmF32Generator.program(schedule.tileDescriptor(variant), target: target)
                calls.append((program, bytes(arguments)))
            }
        }
        for call in calls {
            let arguments = memory.add(call.arguments)
            var interpreter = try KernelInterpreter(call.program, memory: memory)
            memory = try interpreter.run(arguments: arguments)
        }
        let dst = Tensor(
            copying: memory.bytes(at: operands.dst)[...],
            dataType: .float32,
            shape: [dstCount]
        )
        return try #require(dst).elements(as: Float.self)
    }

    private func bytes<A: BitwiseCopyable>(_ arguments: A) -> [UInt8] {
        unsafe withUnsafeBytes(of: arguments) { unsafe Array($0) }
    }
}
