// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// Carries out one inference on a stream's thread: bindings into the argument lists, then step after step.
struct InferenceRun {
    let core: ContextCore
    let bound: BoundInstance
    let snapshot: Inference.Snapshot
    let team: TeamLease
    /// Memory of outputs from an output allocator, by binding.
    private var allocated: [Int: MemoryRange] = [:]
    /// Shapes of outputs sized by this run, by binding.
    private(set) var dynamicShapes: [Int: Shape] = [:]

    init(core: ContextCore, bound: BoundInstance, snapshot: Inference.Snapshot, team: TeamLease) {
        self.core = core
        self.bound = bound
        self.snapshot = snapshot
        self.team = team
    }

    private var instance: EngineInstance { bound.instance }

    // MARK: - Bindings

    /// Puts tensors over the caller's memory where the steps expect them.
    mutating func placeBindings(_ table: inout BoundInstance.Table) throws(ExecutionError) {
        for patch in bound.patches {
            let range = try memory(of: patch.binding, type: instance.bindingTypes[patch.binding])
            let tensor = range.tensor(
                patch.type,
                byteOffset: patch.byteOffset,
                outerStrideElements: patch.outerStrideElements
            )
            if patch.isOutput {
                table.steps[patch.step].outputs[patch.argument] = tensor
            } else {
                table.steps[patch.step].inputs[patch.argument] = tensor
            }
        }
    }

    /// The memory of a binding: snapshotted by the call, or asked for now.
    private mutating func memory(of binding: Int, type: TensorType?) throws(ExecutionError) -> MemoryRange {
        if let range = snapshot.memory[binding] { return range }
        if let range = allocated[binding] { return range }
        let name = core.engine.plan.bindings[binding].name
        let neededByteCount = max(type?.byteCount ?? 0, 1)
        guard binding < snapshot.allocators.count, let allocator = snapshot.allocators[binding],
            let range = allocator.reallocateOutput(tensor: name, byteCount: neededByteCount)
        else {
            throw .failedAllocation(
                .init(
                    "no memory for an output",
                    in: core.engine.bindingLabels[binding],
                    got: "none from its output allocator",
                    expected: "\(neededByteCount) bytes"
                )
            )
        }
        guard range.byteCount >= neededByteCount else {
            throw .tooShort(
                core.engine.bindingLabels[binding],
                neededByteCount: neededByteCount,
                givenByteCount: range.byteCount
            )
        }
        if let type { allocator.notifyShape(tensor: name, shape: type.shape) }
        allocated[binding] = range
        return range
    }

    // MARK: - Steps

    /// Runs all steps in order; `inputsConsumed` is called after the last one that reads an input binding.
    mutating func runSteps(
        _ table: inout BoundInstance.Table,
        inputsConsumed: () -> Void
    ) throws(ExecutionError) {
        if instance.lastInputReader < 0 { inputsConsumed() }
        var stamps: [UInt64] = []
        if snapshot.profiler != nil {
            stamps.reserveCapacity(instance.steps.count + 1)
            stamps.append(MonotonicClock.nowNanoseconds())
        }
        for (index, step) in instance.steps.enumerated() {
            do throws(ExecutionError) {
                try run(step, at: index, &table)
            } catch {
                throw error.details.origin?.layer == nil ? error.attributed(toLayer: step.name) : error
            }
            if index == instance.lastInputReader { inputsConsumed() }
            if snapshot.profiler != nil { stamps.append(MonotonicClock.nowNanoseconds()) }
        }
        if let profiler = snapshot.profiler { try report(stamps, to: profiler) }
    }

    private func report(_ stamps: [UInt64], to profiler: any Profiler) throws(ExecutionError) {
        try CallGuard.inHostFunction {
            for (index, step) in instance.steps.enumerated() {
                let milliseconds = Double(stamps[index + 1] - stamps[index]) / 1_000_000
                profiler.reportLayerTime(step.name, milliseconds: milliseconds)
            }
        }
    }

    private mutating func run(
        _ step: EngineInstance.Step,
        at index: Int,
        _ table: inout BoundInstance.Table
    ) throws(ExecutionError) {
        let arguments = table.steps[index]
        switch step.form {
        case .copies:
            team.run(parts: arguments.inputs.count) { part in
                guard let source = arguments.inputs[part] else { return }
                arguments.outputs[part]?.copyElements(from: source)
            }
        case .operation:
            try compute(
                step,
                kernel: step.kernel,
                addressed: step.addressed,
                partCount: step.partCount,
                inputs: arguments.inputs,
                outputs: arguments.outputs
            )
        case .dynamic:
            try runDynamic(step, at: index, &table)
        }
    }

    /// Runs the kernel on the team, the operator's own parts on the team, or the scalar definition on this thread.
    private func compute(
        _ step: EngineInstance.Step,
        kernel: (any Kernel)?,
        addressed: (any AddressedKernel)?,
        partCount: Int?,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(ExecutionError) {
        if let addressed, let operands = KernelOperands(inputs: inputs, outputs: outputs) {
            team.runShares(ofParts: addressed.partCount) { addressed.run(parts: $0, operands: operands) }
            return withExtendedLifetime((inputs, outputs)) {}
        }
        if let kernel {
            team.runShares(ofParts: kernel.partCount) { kernel.run(parts: $0, inputs: inputs, outputs: outputs) }
            return
        }
        do {
            if let partCount, let operation = step.operation as? any PartitionedOperator {
                let run = PartitionedRun(operation: operation, inputs: inputs, outputs: outputs)
                return try run.run(on: team, parts: partCount)
            }
            try team.step { _ throws(OperatorError) in try step.operation.evaluate(inputs, into: outputs) }
        } catch {
            throw ExecutionError(error, layer: step.name)
        }
    }
}

// MARK: - Steps sized by the run

extension InferenceRun {
    /// Sizes the outputs from the inputs as they are now, then computes them.
    private mutating func runDynamic(
        _ step: EngineInstance.Step,
        at index: Int,
        _ table: inout BoundInstance.Table
    ) throws(ExecutionError) {
        let inputs = zip(table.steps[index].inputs, step.inputs).map { known, value in
            known ?? value.flatMap { table.dynamic[$0] }
        }
        let types: [TensorType]
        do {
            types = try step.operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        } catch {
            throw ExecutionError(error, layer: step.name)
        }
        var outputs: [Tensor?] = []
        for (value, type) in zip(step.outputs, types) {
            let tensor = try value.map { value throws(ExecutionError) in try place(value, type) }
            if let value { table.dynamic[value] = tensor }
            outputs.append(tensor)
        }
        let inputTypes = inputs.map { $0?.type }
        let kernel = instance.catalogue.kernel(for: step.operation, inputs: inputTypes, outputs: types)
        let partCount = PartitionedRun.partCount(of: step.operation, inputs: inputTypes, outputs: types)
        try compute(
            step,
            kernel: kernel,
            addressed: kernel?.addressed,
            partCount: partCount,
            inputs: inputs,
            outputs: outputs
        )
    }

    /// Memory for one output of a dynamic step: the binding's, or new memory for as long as the run lasts.
    private mutating func place(_ value: Int, _ type: TensorType) throws(ExecutionError) -> Tensor {
        let limitByteCount = MemoryLimits.current.usableByteCount
        guard let shape = Shape(checking: type.shape.extents), shape.elementCount <= limitByteCount,
            type.byteCount <= limitByteCount
        else {
            throw .failedAllocation(
                .init(
                    "output is too large",
                    in: "engine '\(core.engine.name)'",
                    got: "\(type)",
                    expected: "at most \(limitByteCount) bytes"
                )
            )
        }
        guard case .binding(let binding) = core.engine.plan.values[value].kind else {
            return Tensor(uninitialized: type.dataType, shape: type.shape)
        }
        let declared = core.engine.plan.bindings[binding]
        guard type.dataType == declared.dataType, declared.accepts(type.shape, batchMode: core.engine.plan.batchMode)
        else {
            throw .failedComputation(
                .init(
                    "output does not fit its binding",
                    in: core.engine.bindingLabels[binding],
                    got: "\(type)",
                    expected: "\(declared.dataType) \(declared.dimensions.map { "\($0)" } ?? "of any shape")"
                )
            )
        }
        let range = try memory(of: binding, type: type)
        dynamicShapes[binding] = type.shape
        guard type.byteCount <= range.byteCount, let tensor = range.tensor(type) else {
            throw .tooShort(
                core.engine.bindingLabels[binding],
                neededByteCount: type.byteCount,
                givenByteCount: range.byteCount
            )
        }
        return tensor
    }

    /// Lets go of the caller's memory and frees what the run allocated for itself.
    func forgetMemory(_ table: inout BoundInstance.Table) {
        for patch in bound.patches {
            if patch.isOutput {
                table.steps[patch.step].outputs[patch.argument] = nil
            } else {
                table.steps[patch.step].inputs[patch.argument] = nil
            }
        }
        for index in table.dynamic.indices { table.dynamic[index] = nil }
    }
}
