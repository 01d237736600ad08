// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// An engine prepared for one set of input shapes: types, places and kernels. Immutable; all contexts share it.
final class EngineInstance: Sendable {
    /// One step that runs.
    struct Step: Sendable {
        /// The layer's name.
        let name: String
        let operation: any Operator
        let form: PlanInstance.RunningStep.Form
        /// The kernel; nil where the scalar definition runs.
        let kernel: (any Kernel)?
        /// The same where it runs on addresses.
        let addressed: (any AddressedKernel)?
        /// The parts of the operator's own evaluation; nil where it has none, or where a kernel runs.
        let partCount: Int?
        /// The name of the tactic the kernel was chosen as.
        let tactic: String?
        /// Indices of values; nil where omitted or not wanted.
        let inputs: [Int?]
        let outputs: [Int?]
        /// Types of all outputs the operator has; empty for dynamic steps.
        let outputTypes: [TensorType]
        /// How the kernel sees its operands; by input and output, planar where missing.
        let inputLayouts: [TensorLayout]
        let outputLayouts: [TensorLayout]
    }

    let plan: PlanInstance
    let steps: [Step]
    let catalogue: KernelCatalogue
    /// By binding; nil for an output that is sized when it runs.
    let bindingTypes: [TensorType?]
    /// Bytes of each binding; nil as in ``bindingTypes``.
    let bindingByteCounts: [Int?]

    var inputShapes: [Shape] { plan.inputShapes }
    var workspaceByteCount: Int { plan.workspaceByteCount }
    /// The last step that reads an input binding; -1 when none does.
    var lastInputReader: Int { plan.lastInputReader }

    /// - Parameter packed: the engine's packed constants, to use and to add to.
    init(
        _ source: Plan,
        inputShapes: [Shape],
        kernels: KernelCatalogue,
        packed: PackedConstants
    ) throws(PlanError) {
        let shapes = try PlanShapes(source, inputShapes: inputShapes)
        let workers = PreparationTeam(stepCount: source.steps.count)
        let assignment = LayoutAssignment(source, shapes, kernels, concurrently: workers.run)
        let plan = try PlanInstance(assignment, shapes, inputShapes: inputShapes) { index, _ in
            assignment.choices[index]?.kernel.acceptsStridedOutput ?? false
        }
        let prepared = Self.prepare(assignment.choices.map { $0?.kernel }, plan, packed, workers)
        self.plan = plan
        catalogue = kernels
        bindingTypes = plan.bindingTypes
        bindingByteCounts = bindingTypes.map { $0?.byteCount }
        steps = plan.steps.map { running in
            let step = plan.plan.steps[running.planIndex]
            let isOperation = if case .operation = running.form { true } else { false }
            let tactic = isOperation ? assignment.choices[running.planIndex]?.tactic : nil
            let kernel = isOperation ? prepared[running.planIndex] : nil
            let partCount =
                isOperation && kernel == nil
                ? PartitionedRun.partCount(
                    of: step.operation,
                    inputs: plan.inputTypes(of: running.planIndex),
                    outputs: plan.shapes.outputTypes[running.planIndex]
                ) : nil
            return Step(
                name: step.name,
                operation: step.operation,
                form: running.form,
                kernel: kernel,
                addressed: kernel?.addressed,
                partCount: partCount,
                tactic: tactic?.name,
                inputs: step.inputs,
                outputs: step.outputs,
                outputTypes: plan.shapes.outputTypes[running.planIndex],
                inputLayouts: tactic?.inputLayouts ?? [],
                outputLayouts: tactic.map { [$0.outputLayout] } ?? []
            )
        }
    }

    /// Lets every kernel that runs prepare its constants, several at a time.
    private static func prepare(
        _ kernels: [(any Kernel)?],
        _ plan: PlanInstance,
        _ packed: PackedConstants,
        _ workers: PreparationTeam
    ) -> [(any Kernel)?] {
        let work = plan.steps.compactMap { running -> (index: Int, kernel: any Kernel, constants: [Tensor?])? in
            guard case .operation = running.form, let kernel = kernels[running.planIndex] else { return nil }
            let inputs = plan.plan.steps[running.planIndex].inputs
            return (running.planIndex, kernel, inputs.map { $0.flatMap { plan.shapes.known[$0] } })
        }
        // Long ones first: threads end together.
        .sorted { Self.byteCount($0.constants) > Self.byteCount($1.constants) }
        let results = Locked(kernels)
        workers.run(work.count) { position in
            let item = work[position]
            let kernel = item.kernel.prepared(constants: item.constants, packed: packed)
            results.withLock { $0[item.index] = kernel }
        }
        return results.withLock { $0 }
    }

    private static func byteCount(_ tensors: [Tensor?]) -> Int { tensors.reduce(0) { $0 + ($1?.byteCount ?? 0) } }
}

/// Threads that make an instance ready: pieces of very different length, each taken by whoever is free.
private struct PreparationTeam {
    private let team: WorkerTeam?

    /// Steps that are worth starting threads for.
    private static let worthwhileStepCount = 8

    init(stepCount: Int) {
        let threadCount = CPUTopology.current.usableCoreCount
        let isWorthwhile = stepCount >= Self.worthwhileStepCount && threadCount > 1
        team = isWorthwhile ? try? WorkerTeam(threadCount: threadCount, name: "alula-prepare", spinNanoseconds: 0) : nil
    }

    /// Runs `body` for every number below `count`.
    func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let next = Locked(0)
        @Sendable func runSome(_: Int) {
            while true {
                let position = next.withLock { position in
                    defer { position += 1 }
                    return position
                }
                guard position < count else { return }
                body(position)
            }
        }
        if let team { team.run(parts: team.threadCount, body: runSome) } else { runSome(0) }
    }
}
