// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaPlan
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
        /// Indices of values; nil where omitted or not wanted.
        let inputs: [Int?]
        let outputs: [Int?]
        /// Types of all outputs the operator has; empty for dynamic steps.
        let outputTypes: [TensorType]
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

    init(_ source: Plan, inputShapes: [Shape], kernels: KernelCatalogue) throws(PlanError) {
        var made: [Int: (any Kernel)?] = [:]
        func kernel(_ index: Int, _ shapes: PlanShapes) -> (any Kernel)? {
            if let known = made[index] { return known }
            let step = source.steps[index]
            let kernel = kernels.kernel(
                for: step.operation,
                inputs: step.inputs.map { $0.flatMap { shapes.types[$0] } },
                outputs: shapes.outputTypes[index]
            )
            made[index] = .some(kernel)
            return kernel
        }
        let plan = try PlanInstance(source, inputShapes: inputShapes) { index, shapes in
            kernel(index, shapes)?.acceptsStridedOutput ?? false
        }
        self.plan = plan
        catalogue = kernels
        bindingTypes = plan.bindingTypes
        bindingByteCounts = bindingTypes.map { $0?.byteCount }
        steps = plan.steps.map { running in
            let step = source.steps[running.planIndex]
            let isOperation = if case .operation = running.form { true } else { false }
            return Step(
                name: step.name,
                operation: step.operation,
                form: running.form,
                kernel: isOperation ? kernel(running.planIndex, plan.shapes) : nil,
                inputs: step.inputs,
                outputs: step.outputs,
                outputTypes: plan.shapes.outputTypes[running.planIndex]
            )
        }
    }
}
