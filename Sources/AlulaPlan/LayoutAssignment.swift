// SPDX-License-Identifier: Apache-2.0

package import AlulaKernels
internal import AlulaOperators
package import AlulaTensor
internal import Synchronization

/// Decides for concrete shapes how every step runs and how every value is stored, and adds the reorders between.
///
/// One walk over the steps: each takes the tactic with the lowest time, reorders of its inputs included, given how those
/// are stored by then. A value that was reordered once is not reordered again. Bindings, and inputs of steps without
/// kernels, are planar.
package struct LayoutAssignment: Sendable {
    /// The plan with reorders added, behind the values and between the steps of the original.
    package private(set) var plan: Plan
    /// How each value of ``plan`` is stored.
    package private(set) var layouts: [TensorLayout]
    /// By step of ``plan``: its tactic and the kernel made of it; nil where the scalar definition runs.
    package private(set) var choices: [Choice?] = []
    /// Whether reorders were added.
    package var hasReorders: Bool { plan.steps.count != source.steps.count }

    /// How a step runs.
    package struct Choice: Sendable {
        package var tactic: KernelTactic
        package var kernel: any Kernel
    }

    private let shapes: PlanShapes
    private let source: Plan
    private let catalogue: KernelCatalogue
    /// By value of the original: whether it is zero almost everywhere.
    private var isSparse: [Bool]
    /// By value of the original: the values that hold the same content in other layouts.
    private var copies: [[TensorLayout: Int]]

    /// Bytes a nanosecond that a reorder moves on one thread.
    private static let reorderBytesPerNanosecond = 5.0

    /// Lays out `plan`.
    ///
    /// - Parameters:
    ///   - shapes: of `plan`.
    ///   - catalogue: the kernels to choose from.
    ///   - concurrently: runs a body for every number below a count, perhaps on several threads: what a step may run as is
    ///     listed, and the likeliest kernel compiled, independently of the walk.
    ///   - timed: the tactics that may solve a problem with their times; by default as ``Plan/timings`` or, without
    ///     timings, cost models say.
    package init(
        _ plan: Plan,
        _ shapes: PlanShapes,
        _ catalogue: KernelCatalogue,
        concurrently: ((_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void)? = nil,
        timed: ((KernelProblem) -> [TimedTactic])? = nil
    ) {
        self.plan = plan
        source = plan
        self.shapes = shapes
        self.catalogue = catalogue
        layouts = Array(repeating: .planar, count: plan.values.count)
        copies = Array(repeating: [:], count: plan.values.count)
        isSparse = Array(repeating: false, count: plan.values.count)
        self.plan.steps = []
        for index in plan.steps.indices { noteSparseness(index) }
        @Sendable func planned(_ problem: KernelProblem) -> [TimedTactic] {
            catalogue.timedTactics(for: problem, timings: plan.timings, isStrict: plan.isStrict)
        }
        var listed: [Int: [TimedTactic]] = [:]
        if timed == nil, let concurrently { listed = list(planned, concurrently) }
        for index in plan.steps.indices { place(index) { problem in listed[index] ?? (timed ?? planned)(problem) } }
    }

    /// The tactics of every step that has some, the kernel of the quickest one compiled.
    private func list(
        _ timed: @escaping @Sendable (KernelProblem) -> [TimedTactic],
        _ concurrently: (_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Void
    ) -> [Int: [TimedTactic]] {
        let problems = source.steps.indices.filter { shapes.evaluations[$0] == .sized }.map { ($0, problem(of: $0)) }
        let listed = Mutex<[Int: [TimedTactic]]>([:])
        concurrently(problems.count) { number in
            let (index, problem) = problems[number]
            let tactics = timed(problem)
            _ = tactics.min { $0.nanoseconds < $1.nanoseconds }?.tactic.make()
            listed.withLock { $0[index] = tactics }
        }
        return listed.withLock { $0 }
    }

    private func problem(of index: Int) -> KernelProblem {
        var problem = shapes.problem(of: index, in: source)
        problem.sparseInputs = sparseInputs(index)
        return problem
    }

    private mutating func place(_ index: Int, _ timed: (KernelProblem) -> [TimedTactic]) {
        guard shapes.evaluations[index] == .sized else {
            return append(source.steps[index], origin: index, inputLayouts: [], choice: nil)
        }
        if let layout = transparentLayout(index) {
            let inputs = source.steps[index].inputs.map { _ in layout }
            return append(source.steps[index], origin: index, inputLayouts: inputs, choice: nil, outputLayout: layout)
        }
        let ranked = timed(problem(of: index))
            .map { (tactic: $0.tactic, cost: cost($0, of: index)) }
            .sorted { $0.cost < $1.cost }
        var choice: Choice?
        for candidate in ranked where choice == nil {
            choice = candidate.tactic.make().map { Choice(tactic: candidate.tactic, kernel: $0) }
        }
        append(
            source.steps[index],
            origin: index,
            inputLayouts: choice?.tactic.inputLayouts ?? [],
            choice: choice,
            outputLayout: choice?.tactic.outputLayout ?? .planar
        )
    }

    /// A scatter's output is sparse, and so is what only moves it.
    private mutating func noteSparseness(_ index: Int) {
        let step = source.steps[index]
        let moves = MemoryPlanner.viewOperators.contains(step.operation.name) || step.operation.name == "Transpose"
        guard step.operation.outputIsSparse || (moves && sparseInputs(index).contains(0)) else { return }
        if let output = step.outputs.first ?? nil { isSparse[output] = true }
    }

    private func sparseInputs(_ index: Int) -> Set<Int> {
        let inputs = source.steps[index].inputs
        return Set(inputs.indices.filter { inputs[$0].map { isSparse[$0] } ?? false })
    }

    // MARK: - Cost

    private func cost(_ candidate: TimedTactic, of index: Int) -> Double {
        var nanoseconds = candidate.nanoseconds
        let tactic = candidate.tactic
        let step = source.steps[index]
        for (position, input) in step.inputs.enumerated() {
            guard let input, needsReorder(input, to: layout(tactic.inputLayouts, position)) else { continue }
            nanoseconds += reorderNanoseconds(input)
        }
        if let output = step.outputs.first ?? nil, source.values[output].isBinding,
            normalized(tactic.outputLayout, output) != .planar
        {
            nanoseconds += reorderNanoseconds(output)
        }
        return nanoseconds
    }

    private func reorderNanoseconds(_ value: Int) -> Double {
        Double(2 * (shapes.types[value]?.byteCount ?? 0)) / Self.reorderBytesPerNanosecond + 500
    }

    private func layout(_ layouts: [TensorLayout], _ position: Int) -> TensorLayout {
        layouts.indices.contains(position) ? layouts[position] : .planar
    }

    private func normalized(_ layout: TensorLayout, _ value: Int) -> TensorLayout {
        shapes.types[value].map { layout.normalized(for: $0.shape) } ?? .planar
    }

    /// Whether a step that wants `value` in `layout` has to wait for a reorder. Known content is always planar.
    private func needsReorder(_ value: Int, to layout: TensorLayout) -> Bool {
        guard shapes.known[value] == nil else { return false }
        let wanted = normalized(layout, value)
        return wanted != layouts[value] && copies[value][wanted] == nil
    }

    // MARK: - Steps in any layout

    /// The layout in which a step that only passes on or joins memory can stay; nil for all other steps.
    private func transparentLayout(_ index: Int) -> TensorLayout? {
        let step = source.steps[index]
        let inputs = step.inputs.compactMap(\.self)
        guard let blocked = inputs.lazy.map({ layouts[$0] }).first(where: { $0 != .planar }),
            case .blocked(let lanes) = blocked
        else { return nil }
        switch step.operation.name {
        case "Identity": return blocked
        case "Concat":
            guard isChannelAxis(step), inputs.allSatisfy({ shapes.known[$0] == nil }),
                inputs.dropLast().allSatisfy({ channels($0).map { $0 % lanes == 0 } ?? false }),
                inputs.allSatisfy({ shapes.types[$0]?.dataType == .float32 })
            else { return nil }
            return blocked
        case "Split":
            guard isChannelAxis(step), shapes.types[inputs[0]]?.shape[0] == 1,
                step.outputs.dropLast().allSatisfy({ $0.flatMap { channels($0) }.map { $0 % lanes == 0 } ?? false })
            else { return nil }
            return blocked
        case "Slice":
            guard shapes.types[inputs[0]]?.dataType == .float32, isRunOfChannels(index, lanes) else { return nil }
            return blocked
        default: return nil
        }
    }

    /// Whether a `Slice` of one image takes neighbouring channels from a whole block on, and all of everything else: a view
    /// in blocked layout.
    private func isRunOfChannels(_ index: Int, _ lanes: Int) -> Bool {
        let problem = shapes.problem(of: index, in: source)
        guard let slice = problem.operation as? Slice, let shape = problem.inputs[0]?.shape, shape.rank >= 3,
            shape[0] == 1, let walk = try? slice.walk(problem.knownInputs)
        else { return false }
        let isWhole = shape.indices.allSatisfy { axis in
            walk.steps[axis] == 1 && (axis == 1 || walk.extents[axis] == shape[axis])
        }
        return isWhole && walk.starts[1] % lanes == 0 && walk.extents[1] > 0
    }

    private func channels(_ value: Int) -> Int? {
        guard let shape = shapes.types[value]?.shape, shape.rank >= 3 else { return nil }
        return shape[1]
    }

    private func isChannelAxis(_ step: Step) -> Bool {
        guard case .integer(let axis)? = step.operation.attributes["axis"], let first = step.inputs.first ?? nil,
            let shape = shapes.types[first]?.shape
        else { return false }
        return shape.rank >= 3 && shape.normalizedAxis(axis) == 1
    }

    // MARK: - Building

    private mutating func append(
        _ step: Step,
        origin: Int,
        inputLayouts: [TensorLayout],
        choice: Choice?,
        outputLayout: TensorLayout = .planar
    ) {
        var step = step
        let isRunning = shapes.evaluations[origin] != .skipped
        for (position, input) in step.inputs.enumerated() where isRunning {
            guard let input, shapes.known[input] == nil else { continue }
            step.inputs[position] = value(input, in: layout(inputLayouts, position))
        }
        let isSplit = step.operation.name == "Split"
        var reorders: [(blocked: Int, binding: Int)] = []
        for (position, output) in step.outputs.enumerated() where position == 0 || isSplit {
            guard let output else { continue }
            let stored = normalized(outputLayout, output)
            if stored != .planar, source.values[output].isBinding {
                let made = addValue(like: output, stored)
                copies[output][stored] = made
                step.outputs[position] = made
                reorders.append((made, output))
            } else {
                layouts[output] = stored
            }
        }
        plan.steps.append(step)
        choices.append(choice)
        for reorder in reorders { appendReorder(reorder.blocked, to: reorder.binding, of: reorder.binding) }
    }

    /// The value that holds `value` in `layout`, reordered now if need be.
    private mutating func value(_ value: Int, in layout: TensorLayout) -> Int {
        let wanted = normalized(layout, value)
        if wanted == layouts[value] { return value }
        if let known = copies[value][wanted] { return known }
        let made = addValue(like: value, wanted)
        copies[value][wanted] = made
        appendReorder(value, to: made, of: value)
        return made
    }

    private mutating func addValue(like value: Int, _ layout: TensorLayout) -> Int {
        plan.values.append(PlanValue(name: "\(source.values[value].name) (\(layout))", kind: .intermediate))
        layouts.append(layout)
        return plan.values.count - 1
    }

    /// - Parameter original: the value of the source plan whose content is stored anew.
    private mutating func appendReorder(_ value: Int, to made: Int, of original: Int) {
        let reorder = Reorder(from: layouts[value], to: layouts[made])
        plan.steps.append(
            Step(name: "reorder \(plan.values[value].name)", operation: reorder, inputs: [value], outputs: [made])
        )
        let type = shapes.types[original]
        let problem = KernelProblem(reorder, inputs: [type], outputs: [type].compactMap(\.self))
        let fastest = catalogue.tactics(for: problem).min { $0.estimatedNanoseconds < $1.estimatedNanoseconds }
        choices.append(fastest.flatMap { tactic in tactic.make().map { Choice(tactic: tactic, kernel: $0) } })
    }
}

extension KernelProblem {
    /// The inputs as shape rules take them.
    var knownInputs: [OperatorInput?] {
        zip(inputs, constants).map { type, constant in type.map { OperatorInput($0, value: constant) } }
    }
}

extension PlanShapes {
    /// A sized step as a problem for kernels.
    package func problem(of index: Int, in plan: Plan) -> KernelProblem {
        let step = plan.steps[index]
        var problem = KernelProblem(
            step.operation,
            inputs: step.inputs.map { $0.flatMap { types[$0] } },
            outputs: outputTypes[index],
            constants: step.inputs.map { $0.flatMap { known[$0] } }
        )
        problem.unusedOutputs = Set(
            problem.outputs.indices.filter { !step.outputs.indices.contains($0) || step.outputs[$0] == nil }
        )
        return problem
    }
}
