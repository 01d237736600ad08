// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
package import AlulaTensor

/// A plan made concrete for one set of input shapes: the type and place of every value, and the steps that really run.
///
/// Immutable; shared by all contexts that run these shapes.
package struct PlanInstance: Sendable {
    /// Where a value lives while the plan runs.
    package struct Placement: Sendable {
        /// The memory a placement is relative to.
        package enum Base: Sendable {
            /// No memory: nothing that runs touches the value.
            case none
            /// The content is known and shared by all runs.
            case constant(Tensor)
            /// The caller's memory for this binding.
            case binding(Int)
            /// The context's workspace.
            case workspace
            /// Memory that is allocated when the step that makes the value runs.
            case dynamic
        }

        package var base: Base
        /// Bytes from the start of the base.
        package var byteOffset: Int
        /// Elements between successive outermost indices; nil when contiguous.
        package var outerStrideElements: Int?
    }

    /// One step that runs.
    package struct RunningStep: Sendable {
        /// How the step is carried out.
        package enum Form: Sendable {
            /// By its kernel or scalar definition, with the types known beforehand.
            case operation
            /// A concatenation most of whose inputs were written in place: only these pieces are copied.
            case copies([Copy])
            /// By its scalar definition, with types found out when it runs.
            case dynamic
        }

        /// The index in the steps of ``PlanInstance/plan``.
        package var planIndex: Int
        package var form: Form
    }

    /// One input of a concatenation that could not be written in place.
    package struct Copy: Sendable {
        package var source: Int
        package var destination: Placement
        package var type: TensorType
    }

    /// The plan that runs; with reorders added where layouts were assigned.
    package let plan: Plan
    /// How each value of ``plan`` is stored.
    package let layouts: [TensorLayout]
    /// The full shape of each input binding, batch included.
    package let inputShapes: [Shape]
    /// Types and known contents of all values.
    package let shapes: PlanShapes
    /// The place of each value.
    package let placements: [Placement]
    /// The steps that run, in order.
    package let steps: [RunningStep]
    /// Bytes of workspace a context needs; a multiple of 256.
    package let workspaceByteCount: Int
    /// The index in ``steps`` of the last one that reads the memory of an input binding; -1 when none does.
    package let lastInputReader: Int

    /// Sizes and places everything.
    ///
    /// - Parameters:
    ///   - inputShapes: the full shape of each input binding, batch included.
    ///   - acceptsStridedOutput: whether the kernel of a step (index in ``Plan/steps``) can write its first output with an
    ///     outer stride. Called for few steps, with the types in the second argument.
    package init(
        _ plan: Plan,
        inputShapes: [Shape],
        acceptsStridedOutput: (_ planIndex: Int, _ shapes: PlanShapes) -> Bool = { _, _ in false }
    ) throws(PlanError) {
        let shapes = try PlanShapes(plan, inputShapes: inputShapes)
        self.init(plan, shapes, layouts: [], inputShapes: inputShapes, acceptsStridedOutput) { _ in [] }
    }

    /// Places everything for layouts that were assigned.
    ///
    /// - Parameters:
    ///   - assignment: of the plan to run.
    ///   - shapes: of the plan the assignment was made for.
    ///   - acceptsStridedOutput: as for ``init(_:inputShapes:acceptsStridedOutput:)``, by step of the assignment's plan.
    package init(
        _ assignment: LayoutAssignment,
        _ shapes: PlanShapes,
        inputShapes: [Shape],
        acceptsStridedOutput: (_ planIndex: Int, _ shapes: PlanShapes) -> Bool
    ) throws(PlanError) {
        self.init(
            assignment.plan,
            assignment.hasReorders ? try PlanShapes(assignment.plan, inputShapes: inputShapes) : shapes,
            layouts: assignment.layouts,
            inputShapes: inputShapes,
            acceptsStridedOutput
        ) { index in
            assignment.choices[index]?.kernel.inputsThatMayBeOverwritten ?? []
        }
    }

    private init(
        _ plan: Plan,
        _ shapes: PlanShapes,
        layouts: [TensorLayout],
        inputShapes: [Shape],
        _ acceptsStridedOutput: (_ planIndex: Int, _ shapes: PlanShapes) -> Bool,
        _ inputsThatMayBeOverwritten: (_ planIndex: Int) -> [Int]
    ) {
        var planner = MemoryPlanner(plan, shapes, layouts: layouts)
        self.layouts = planner.layouts
        planner.aliasViews()
        planner.aliasSlices()
        planner.placeConcatenations { acceptsStridedOutput($0, shapes) }
        let steps = planner.runningSteps()
        planner.overwriteInputs(steps, inputsThatMayBeOverwritten)
        let layout = planner.layOut(steps)
        self.plan = plan
        self.inputShapes = inputShapes
        self.shapes = shapes
        self.steps = steps.map { planner.resolvingCopies($0, layout) }
        placements = plan.values.indices.map { planner.placement(of: $0, layout) }
        workspaceByteCount = layout.byteCount
        lastInputReader = planner.lastInputReader(steps)
    }

    /// The type of each binding for these shapes; nil for an output that is sized when it runs.
    package var bindingTypes: [TensorType?] {
        var types = [TensorType?](repeating: nil, count: plan.bindings.count)
        for (index, value) in plan.values.enumerated() {
            if case .binding(let binding) = value.kind { types[binding] = shapes.types[index] }
        }
        return types
    }

    /// The input types of a step; nil where omitted or not known beforehand.
    package func inputTypes(of planIndex: Int) -> [TensorType?] {
        plan.steps[planIndex].inputs.map { $0.flatMap { shapes.types[$0] } }
    }
}
