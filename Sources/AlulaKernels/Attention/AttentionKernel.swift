// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor

/// `Attention` in generated code: scores never leave the cache of the core that computes them.
struct AttentionKernel: Kernel {
    let identifier: String
    private let operation: Attention
    private let schedule: AttentionSchedule
    /// By ``GemmSchedule/PanelKind``, and by ``GemmSchedule/Variant/index``.
    private let packKeys: [ExecutableKernel?]
    private let packValues: [ExecutableKernel?]
    private let multiplyKeys: [ExecutableKernel?]
    private let multiplyValues: [ExecutableKernel?]
    private let softmax: ExecutableKernel

    /// Compiles the code of `schedule`, or takes it from `cache`.
    init(
        _ operation: Attention,
        _ schedule: AttentionSchedule,
        target: VectorTarget,
        cache: CodeCache
    ) throws(JITError) {
        self.operation = operation
        self.schedule = schedule
        packKeys = try schedule.scores.packKernels(target: target, cache: cache)
        packValues = try schedule.values.packKernels(target: target, cache: cache)
        multiplyKeys = try schedule.scores.multiplyKernels(target: target, cache: cache)
        multiplyValues = try schedule.values.multiplyKernels(target: target, cache: cache)
        softmax = try cache.kernel(for: schedule.softmax, target: target) { target in
            SoftmaxRowsGenerator.program(schedule.softmax, target: target)
        }
        let tile = schedule.scores.blocking.tile
        identifier = "f32_attention_\(tile.rows)x\(tile.vectors * target.lanes)__\(target.isa.rawValue)"
    }

    /// The tactics for `Attention` of float32 without past keys, cap, or a mask of bools.
    @Sendable
    static func tactics(for problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let operation = problem.operation as? Attention,
            let descriptor = AttentionDescriptor(operation, problem.inputs)
        else { return [] }
        let schedule = AttentionSchedule(
            descriptor,
            partsWanted: 2 * CPUTopology.current.usableCoreCount,
            target
        )
        let gigaflops = 8.0 * Double(target.lanes)  // seen: three quarters of the peak
        let work = operation.floatingPointOperations(inputs: problem.inputs, outputs: problem.outputs)
        return [
            KernelTactic("attention", estimatedNanoseconds: Double(work) / gigaflops + 1000) {
                do throws(JITError) {
                    return try AttentionKernel(operation, schedule, target: target, cache: .shared)
                } catch {
                    assertionFailure("\(error)")  // the tiles were chosen to fit
                    return nil
                }
            }
        ]
    }

    var partCount: Int { schedule.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        // Keys, values or scores besides dst: seldom asked for, and not by this code.
        guard outputs.dropFirst().allSatisfy({ $0 == nil }) else {
            if part == 0 { operation.evaluateIntoStrided(inputs, outputs) }
            return
        }
        func address(_ tensor: Tensor?) -> Int { tensor.map { Int(bitPattern: $0.address) } ?? 0 }
        var operands = AttentionSchedule.Operands()
        operands.query = address(inputs[0])
        operands.key = address(inputs[1])
        operands.value = address(inputs[2])
        operands.mask = inputs.count > 3 ? address(inputs[3]) : 0
        operands.dst = address(outputs[0])
        ThreadScratch.with(byteCount: schedule.scratchByteCount) { scratch in
            operands.scratch = scratch
            schedule.forEachCall(of: part, operands) { call in
                switch call {
                case .packKeys(let kind, let arguments): packKeys[kind.rawValue]?(arguments)
                case .packValues(let kind, let arguments): packValues[kind.rawValue]?(arguments)
                case .multiplyKeys(let variant, let arguments): multiplyKeys[variant.index]?(arguments)
                case .softmax(let arguments): softmax(arguments)
                case .multiplyValues(let variant, let arguments): multiplyValues[variant.index]?(arguments)
                }
            }
        }
        withExtendedLifetime((inputs, outputs)) {}
    }
}

extension AttentionDescriptor {
    /// Nil where generated code does not cover the problem.
    fileprivate init?(_ operation: Attention, _ inputs: [TensorType?]) {
        guard operation.softcap == 0, inputs.count < 5 || inputs[4...].allSatisfy({ $0 == nil }),
            inputs.compactMap(\.self).allSatisfy({ $0.dataType == .float32 }),
            let problem = try? AttentionProblem(operation, inputs.map { $0?.shape }),
            problem.batch > 0, problem.heads > 0, problem.queryCount > 0, problem.keyCount > 0, problem.extent > 0,
            problem.valueExtent > 0
        else { return nil }
        self.init(
            batch: problem.batch,
            heads: problem.heads,
            keyHeads: problem.keyHeads,
            queryCount: problem.queryCount,
            keyCount: problem.keyCount,
            extent: problem.extent,
            valueExtent: problem.valueExtent,
            isPacked: problem.isPacked,
            scale: operation.scale ?? 1 / Float(problem.extent).squareRoot()
        )
        isCausal = operation.isCausal
        if inputs.count > 3, let shape = inputs[3]?.shape {
            guard shape.last == keyCount else { return nil }
            let scores = Shape([batch, heads, queryCount, keyCount])
            let strides = shape.broadcastStrides(to: scores)
            mask = Mask(image: strides[0], head: strides[1], query: strides[2])
        }
        let farthest = max(heads * max(extent, valueExtent), keyCount)
        guard farthest * 4 * 64 <= Int(Int32.max) else { return nil }
    }
}
