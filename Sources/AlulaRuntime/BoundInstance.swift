// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// An engine instance tied to one context's workspace: the argument lists its steps run with, made beforehand.
///
/// Only the tensors that lie in bindings change from run to run; ``patches`` lists their places.
final class BoundInstance: Sendable {
    /// The tensors of one step, in operator order. For copies, sources and destinations pairwise.
    struct Arguments: Sendable {
        var inputs: [Tensor?]
        var outputs: [Tensor?]
    }

    /// An argument that lies in a binding.
    struct Patch: Sendable {
        var step: Int
        var isOutput: Bool
        var argument: Int
        var binding: Int
        var byteOffset: Int
        var type: TensorType
        var outerStrideElements: Int?
    }

    /// What a run works with; only the thread that runs the context touches it.
    struct Table: Sendable {
        var steps: [Arguments] = []
        /// Values sized by this run, by value index; empty when the instance has none.
        var dynamic: [Tensor?] = []
    }

    let instance: EngineInstance
    let patches: [Patch]
    let table: Locked<Table>

    /// Makes the argument lists; `workspace` has at least the instance's workspace bytes.
    init(_ instance: EngineInstance, workspace: TensorStorage) {
        var maker = ArgumentMaker(plan: instance.plan, workspace: workspace)
        var table = Table()
        for (index, step) in instance.steps.enumerated() { table.steps.append(maker.arguments(of: step, at: index)) }
        let hasDynamicSteps = instance.steps.contains { if case .dynamic = $0.form { true } else { false } }
        if hasDynamicSteps { table.dynamic = Array(repeating: nil, count: instance.plan.plan.values.count) }
        self.instance = instance
        patches = maker.patches
        self.table = Locked(table)
    }
}

/// Turns placements into tensors, and into patches where the memory is the caller's.
private struct ArgumentMaker {
    let plan: PlanInstance
    let workspace: TensorStorage
    var patches: [BoundInstance.Patch] = []

    mutating func arguments(of step: EngineInstance.Step, at index: Int) -> BoundInstance.Arguments {
        if case .copies(let copies) = step.form {
            var arguments = BoundInstance.Arguments(inputs: [], outputs: [])
            for (argument, copy) in copies.enumerated() {
                arguments.inputs.append(
                    tensor(copy.source, [], at: (index, false, argument))
                )
                arguments.outputs.append(tensor(copy.destination, copy.type, at: (index, true, argument)))
            }
            return arguments
        }
        let inputs = step.inputs.enumerated().map { argument, value in
            tensor(value, step.inputLayouts, at: (index, false, argument))
        }
        let outputs = step.outputs.enumerated().map { argument, value -> Tensor? in
            // A value that is known beforehand is shared by all runs: never written.
            if let value, case .constant = plan.placements[value].base { return nil }
            return tensor(value, step.outputLayouts, at: (index, true, argument))
        }
        return BoundInstance.Arguments(inputs: inputs, outputs: outputs)
    }

    /// - Parameter layouts: how the step sees its arguments; as the value is stored where missing.
    private mutating func tensor(
        _ value: Int?,
        _ layouts: [TensorLayout],
        at place: (step: Int, isOutput: Bool, argument: Int)
    ) -> Tensor? {
        guard let value, let type = plan.shapes.types[value] else { return nil }
        let isListed = layouts.indices.contains(place.argument) && plan.shapes.known[value] == nil
        let layout = isListed ? layouts[place.argument] : plan.layouts[value]
        return tensor(plan.placements[value], layout.storedType(type), at: place)
    }

    private mutating func tensor(
        _ placement: PlanInstance.Placement,
        _ type: TensorType,
        at place: (step: Int, isOutput: Bool, argument: Int)
    ) -> Tensor? {
        switch placement.base {
        case .none, .dynamic: return nil
        case .constant(let tensor): return tensor
        case .workspace:
            return Tensor(
                dataType: type.dataType,
                shape: type.shape,
                storage: workspace,
                byteOffset: placement.byteOffset,
                outerStrideElements: placement.outerStrideElements
            )
        case .binding(let binding):
            patches.append(
                .init(
                    step: place.step,
                    isOutput: place.isOutput,
                    argument: place.argument,
                    binding: binding,
                    byteOffset: placement.byteOffset,
                    type: type,
                    outerStrideElements: placement.outerStrideElements
                )
            )
            return nil
        }
    }
}
