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

/// A random attention with its operands.
private struct AttentionCase {
    var operation: Attention
    var inputs: [Tensor?]

    init(
        _ random: inout SeededRandom,
        batch: Int = 1,
        heads: Int,
        keyHeads: Int? = nil,
        queries: Int,
        keys: Int,
        extent: Int,
        valueExtent: Int? = nil,
        isPacked: Bool,
        isCausal: Bool = false,
        mask: Shape? = nil,
        scale: Float? = nil
    ) {
        let keyHeads = keyHeads ?? heads
        let valueExtent = valueExtent ?? extent
        operation = Attention(
            isCausal: isCausal,
            queryHeads: isPacked ? heads : nil,
            keyHeads: isPacked ? keyHeads : nil,
            scale: scale
        )
        func shape(_ heads: Int, _ count: Int, _ extent: Int) -> Shape {
            isPacked ? [batch, count, heads * extent] : [batch, heads, count, extent]
        }
        inputs = [
            random.tensor(shape(heads, queries, extent)), random.tensor(shape(keyHeads, keys, extent)),
            random.tensor(shape(keyHeads, keys, valueExtent)),
        ]
        if let mask { inputs.append(random.tensor(mask, in: -3...3)) }
    }
}

/// Runs the generated attention in random order of parts and compares dst with the scalar definition.
private func check(
    _ problem: AttentionCase,
    _ target: VectorTarget,
    context: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let types = try problem.operation.inferOutputs(problem.inputs.map { $0.map { OperatorInput($0) } })
    let expected = Tensor(zeros: .float32, shape: types[0].shape)
    try problem.operation.evaluate(problem.inputs, into: [expected])
    let kernelProblem = KernelProblem(
        problem.operation,
        inputs: problem.inputs.map { $0?.type },
        outputs: types,
        target: target
    )
    let kernel = try #require(
        AttentionKernel.tactics(for: kernelProblem).first?.make(),
        sourceLocation: sourceLocation
    )
    let dst = Tensor([Float](repeating: .nan, count: expected.elementCount), shape: expected.shape)
    for part in (0..<kernel.partCount).shuffled() {
        kernel.run(part: part, inputs: problem.inputs, outputs: [dst])
    }
    let difference = zip(dst.elements(as: Float.self), expected.elements(as: Float.self)).map { got, wanted in
        got.isNaN && wanted.isNaN ? 0 : got.isNaN || wanted.isNaN ? .infinity : (got - wanted).magnitude
    }
    // Weights sum to one and values lie within ±1, so this is relative to the range.
    #expect(
        difference.max() ?? 0 < 2e-6,
        "\(kernelProblem.key) \(target) \(context): differs by \(difference.max() ?? 0)",
        sourceLocation: sourceLocation
    )
}

/// Attention in generated code against the scalar definition.
@Suite(.enabled(if: !targets.isEmpty)) struct AttentionTests {
    /// Whole vectors of 64 elements a head, as in transformers: the widest tiles there are.
    @Test(arguments: targets)
    func headsOfTransformersFitTheRegisters(target: VectorTarget) throws {
        var random = SeededRandom(seed: 64)
        for mask in [nil, [1, 1, 21, 128], [1, 1, 1, 128]] as [Shape?] {
            let problem = AttentionCase(
                &random,
                heads: 2,
                queries: 21,
                keys: 128,
                extent: 64,
                isPacked: true,
                mask: mask,
                scale: 0.125
            )
            try check(problem, target)
        }
    }

    @Test(arguments: targets)
    func headsAndTailsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 1)
        for (queries, keys) in [(1, 1), (1, 33), (7, target.lanes), (13, 2 * target.lanes + 1), (29, 3)] {
            for isPacked in [false, true] {
                let problem = AttentionCase(
                    &random,
                    batch: random.int(1...2),
                    heads: random.int(1...3),
                    queries: queries,
                    keys: keys,
                    extent: random.pick([1, 5, 16, 19]),
                    valueExtent: random.pick([1, 6, 16, 33]),
                    isPacked: isPacked
                )
                try check(problem, target)
            }
        }
    }

    @Test(arguments: targets)
    func sharedKeyHeadsMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 2)
        for isPacked in [false, true] {
            let problem = AttentionCase(
                &random,
                heads: 6,
                keyHeads: 2,
                queries: 9,
                keys: 11,
                extent: 8,
                isPacked: isPacked,
                scale: 0.25
            )
            try check(problem, target)
        }
    }

    @Test(arguments: targets)
    func masksMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 3)
        let (queries, keys) = (10, target.lanes + 3)
        let masks: [Shape] = [
            [keys], [queries, keys], [1, 1, keys], [3, 1, keys], [2, 3, queries, keys], [2, 1, 1, keys],
            [1, 3, queries, keys], [2, 1, queries, keys],
        ]
        for mask in masks {
            let problem = AttentionCase(
                &random,
                batch: 2,
                heads: 3,
                queries: queries,
                keys: keys,
                extent: 8,
                isPacked: true,
                mask: mask
            )
            try check(problem, target, context: "mask \(mask)")
        }
    }

    @Test(arguments: targets)
    func causalRowsAttendToTheirPast(target: VectorTarget) throws {
        var random = SeededRandom(seed: 4)
        for (queries, keys) in [(1, 1), (17, 17), (40, 40), (5, 40), (40, 5)] {
            for mask: Shape? in [nil, [queries, keys]] {
                let problem = AttentionCase(
                    &random,
                    heads: 2,
                    queries: queries,
                    keys: keys,
                    extent: 12,
                    isPacked: true,
                    isCausal: true,
                    mask: mask
                )
                try check(problem, target, context: "\(queries) queries")
            }
        }
    }

    @Test(arguments: targets)
    func queriesWithoutKeysGiveZeros(target: VectorTarget) throws {
        var random = SeededRandom(seed: 5)
        var problem = AttentionCase(&random, heads: 1, queries: 3, keys: 20, extent: 4, isPacked: true, mask: [3, 20])
        var mask = [Float](repeating: 0, count: 60)
        for key in 0..<20 { mask[20 + key] = -.infinity }
        for key in 3..<20 { mask[40 + key] = -.infinity }
        problem.inputs[3] = Tensor(mask, shape: [3, 20])
        try check(problem, target)
    }

    @Test(arguments: targets)
    func nanStaysInItsQuery(target: VectorTarget) throws {
        var random = SeededRandom(seed: 6)
        var problem = AttentionCase(&random, heads: 1, queries: 4, keys: 18, extent: 4, isPacked: true)
        var query = problem.inputs[0]?.elements(as: Float.self) ?? []
        query[4] = .nan
        problem.inputs[0] = Tensor(query, shape: [1, 4, 4])
        try check(problem, target)
    }

    /// Several blocks of queries, sums over several blocks of terms, rows of scores a page apart.
    @Test(arguments: targets)
    func longSequencesMatchTheReference(target: VectorTarget) throws {
        var random = SeededRandom(seed: 7)
        for (queries, keys) in [(70, 1024), (150, 530)] {
            let problem = AttentionCase(&random, heads: 1, queries: queries, keys: keys, extent: 8, isPacked: false)
            try check(problem, target)
        }
    }

    @Test func otherOutputsComeFromTheDefinition() throws {
        let target = try #require(targets.last)
        var random = SeededRandom(seed: 8)
        let problem = AttentionCase(&random, heads: 2, queries: 3, keys: 5, extent: 4, isPacked: true)
        let types = try problem.operation.inferOutputs(problem.inputs.map { $0.map { OperatorInput($0) } })
        let expected = types.map { Tensor(zeros: .float32, shape: $0.shape) }
        try problem.operation.evaluate(problem.inputs, into: expected)
        let kernelProblem = KernelProblem(
            problem.operation,
            inputs: problem.inputs.map { $0?.type },
            outputs: types,
            target: target
        )
        let kernel = try #require(AttentionKernel.tactics(for: kernelProblem).first?.make())
        let outputs = types.map { Tensor(zeros: .float32, shape: $0.shape) }
        for part in 0..<kernel.partCount { kernel.run(part: part, inputs: problem.inputs, outputs: outputs) }
        for (got, wanted) in zip(outputs, expected) { #expect(got.byteArray == wanted.byteArray) }
    }

    @Test func otherProblemsAreLeftToTheDefinition() throws {
        let target = try #require(targets.last)
        func count(_ operation: Attention, _ inputs: [TensorType?]) -> Int {
            AttentionKernel.tactics(for: KernelProblem(operation, inputs: inputs, outputs: [], target: target)).count
        }
        let operand = TensorType(.float32, [1, 2, 3, 4])
        #expect(count(Attention(), [operand, operand, operand]) == 1)
        #expect(count(Attention(softcap: 1), [operand, operand, operand]) == 0)
        #expect(count(Attention(), [operand, operand, operand, TensorType(.bool, [3, 3])]) == 0)
        #expect(count(Attention(), [operand, operand, operand, TensorType(.float32, [3, 2])]) == 0)
        #expect(count(Attention(), [operand, operand, operand, nil, operand, operand]) == 0)
    }

    /// Every access of every call, in memory with gaps between the operands.
    @Test(arguments: [4, 8, 16])
    func noAccessLeavesTheOperands(lanes: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        var random = SeededRandom(seed: 9)
        for isCausal in [false, true] {
            let problem = AttentionCase(
                &random,
                heads: 2,
                queries: 7,
                keys: lanes + 1,
                extent: 3,
                isPacked: true,
                isCausal: isCausal,
                mask: [7, lanes + 1]
            )
            var descriptor = AttentionDescriptor(
                heads: 2,
                keyHeads: 2,
                queryCount: 7,
                keyCount: lanes + 1,
                extent: 3,
                valueExtent: 3,
                isPacked: true,
                scale: 1 / Float(3).squareRoot()
            )
            descriptor.isCausal = isCausal
            descriptor.mask = .init(image: 0, head: 0, query: lanes + 1)
            let schedule = AttentionSchedule(descriptor, partsWanted: 4, target)
            let expected = Tensor(zeros: .float32, shape: [1, 7, 6])
            try problem.operation.evaluate(problem.inputs, into: [expected])
            let actual = try run(schedule, problem, target)
            let difference = zip(actual, expected.elements(as: Float.self)).map { ($0 - $1).magnitude }.max()
            #expect(difference ?? 1 < 1e-5)
        }
    }

    /// Interprets all calls of `schedule` on checked memory and returns dst.
    private func run(
        _ schedule: AttentionSchedule,
        _ problem: AttentionCase,
        _ target: VectorTarget
    ) throws -> [Float] {
        var memory = CheckedMemory()
        var operands = AttentionSchedule.Operands()
        operands.query = memory.add(problem.inputs[0]?.byteArray ?? [])
        operands.key = memory.add(problem.inputs[1]?.byteArray ?? [])
        operands.value = memory.add(problem.inputs[2]?.byteArray ?? [])
        operands.mask = memory.add(problem.inputs[3]?.byteArray ?? [])
        operands.dst = memory.add([UInt8](repeating: 0xFF, count: 7 * 6 * 4))
        operands.scratch = memory.add([UInt8](repeating: 0xFF, count: schedule.scratchByteCount))
        var calls: [(program: KernelProgram, arguments: [UInt8])] = []
        func pack(_ schedule: GemmSchedule, _ kind: GemmSchedule.PanelKind, _ arguments: GemmPackArguments) {
            calls.append((GemmPackGenerator.program(schedule.packDescriptor(kind), target: target), bytes(arguments)))
        }
        func multiply(_ schedule: GemmSchedule, _ variant: GemmSchedule.Variant, _ arguments: GemmArguments) {
            let program = GemmF32Generator.program(schedule.tileDescriptor(variant), target: target)
            calls.append((program, bytes(arguments)))
        }
        for part in 0..<schedule.partCount {
            schedule.forEachCall(of: part, operands) { call in
                switch call {
                case .packKeys(let kind, let arguments): pack(schedule.scores, kind, arguments)
                case .packValues(let kind, let arguments): pack(schedule.values, kind, arguments)
                case .multiplyKeys(let variant, let arguments): multiply(schedule.scores, variant, arguments)
                case .multiplyValues(let variant, let arguments): multiply(schedule.values, variant, arguments)
                case .softmax(let arguments):
                    calls.append((SoftmaxRowsGenerator.program(schedule.softmax, target: target), bytes(arguments)))
                }
            }
        }
        for call in calls {
            let arguments = memory.add(call.arguments)
            var interpreter = try KernelInterpreter(call.program, memory: memory)
            memory = try interpreter.run(arguments: arguments)
        }
        let dst = Tensor(copying: memory.bytes(at: operands.dst)[...], dataType: .float32, shape: [42])
        return try #require(dst).elements(as: Float.self)
    }

    private func bytes<A: BitwiseCopyable>(_ arguments: A) -> [UInt8] {
        unsafe withUnsafeBytes(of: arguments) { unsafe Array($0) }
    }
}
