// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaTensor

/// Decides which values share memory, then where the rest lies in the workspace.
///
/// Three kinds of sharing cost nothing at run time: a view (`Reshape` and the like) is its input under another shape; the
/// inputs of a concatenation are written straight into its output; a value that only a view passes on to an output binding
/// is written into the binding.
struct MemoryPlanner {
    /// A value that lives inside another one.
    private struct Alias {
        var parent: Int
        var byteOffset: Int
        var outerStrideElements: Int?
    }

    /// A value followed through its aliases to the one that owns the memory.
    struct Resolved: Equatable {
        var root: Int
        var byteOffset: Int
        var outerStrideElements: Int?
    }

    private let plan: Plan
    private let shapes: PlanShapes
    /// How each value is stored.
    let layouts: [TensorLayout]
    private var aliases: [Alias?]
    private var forms: [PlanInstance.RunningStep.Form?]
    private let readerCounts: [Int]
    private let producers: [Int?]

    /// Operators whose first output is their first input under another shape.
    static let viewOperators: Set<String> = ["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"]

    /// - Parameter layouts: how each value is stored; planar where missing.
    init(_ plan: Plan, _ shapes: PlanShapes, layouts: [TensorLayout]) {
        self.plan = plan
        self.shapes = shapes
        self.layouts = layouts + Array(repeating: .planar, count: max(0, plan.values.count - layouts.count))
        aliases = Array(repeating: nil, count: plan.values.count)
        var readers = [Int](repeating: 0, count: plan.values.count)
        var writers = [Int?](repeating: nil, count: plan.values.count)
        forms = []
        for (index, step) in plan.steps.enumerated() {
            switch shapes.evaluations[index] {
            case .skipped:
                forms.append(nil)
                continue
            case .sized: forms.append(.operation)
            case .dynamic: forms.append(.dynamic)
            }
            for case let input? in step.inputs { readers[input] += 1 }
            for case let output? in step.outputs { writers[output] = index }
        }
        readerCounts = readers
        producers = writers
    }

    /// The type of a value's elements as they are stored.
    private func storedType(_ value: Int) -> TensorType? { shapes.types[value].map { layouts[value].storedType($0) } }

    // MARK: - Sharing

    /// The owner of a value's memory and the value's place in it.
    func resolve(_ value: Int) -> Resolved {
        var resolved = Resolved(root: value, byteOffset: 0, outerStrideElements: nil)
        while let alias = aliases[resolved.root] {
            resolved.root = alias.parent
            resolved.byteOffset += alias.byteOffset
            resolved.outerStrideElements = resolved.outerStrideElements ?? alias.outerStrideElements
        }
        return resolved
    }

    /// Whether the value owns memory that is free to be placed inside another value: an intermediate, sized beforehand.
    private func isFreeRoot(_ value: Int) -> Bool {
        guard case .intermediate = plan.values[value].kind else { return false }
        return aliases[value] == nil && shapes.known[value] == nil && shapes.types[value] != nil
    }

    /// The owner of `value`'s memory if the value is all of it and it is free to be placed elsewhere.
    private func freeRootCovered(by value: Int) -> Int? {
        let resolved = resolve(value)
        guard resolved.byteOffset == 0, isFreeRoot(resolved.root),
            storedType(resolved.root)?.byteCount == storedType(value)?.byteCount
        else { return nil }
        return resolved.root
    }

    /// Makes the outputs of view operators share their input's memory; such steps do not run.
    mutating func aliasViews() {
        for (index, step) in plan.steps.enumerated() {
            guard case .operation? = forms[index], Self.viewOperators.contains(step.operation.name),
                !isTraining(step), let input = step.inputs.first ?? nil, let output = step.outputs.first ?? nil,
                step.outputs.dropFirst().allSatisfy({ $0 == nil }),
                let inputType = shapes.types[input], let outputType = shapes.types[output],
                inputType.dataType == outputType.dataType,
                inputType.shape.elementCount == outputType.shape.elementCount, layouts[input] == layouts[output],
                shapes.known[input]?.isContiguous ?? true
            else { continue }
            if plan.values[output].isBinding {
                guard let root = freeRootCovered(by: input) else { continue }
                aliases[root] = Alias(parent: output, byteOffset: 0)
            } else {
                let source = resolve(input)
                aliases[output] = Alias(parent: source.root, byteOffset: source.byteOffset)
            }
            forms[index] = nil
        }
    }

    /// Makes the pieces of a `Split`, and a `Slice`, parts of their input's memory where each is contiguous; such steps do
    /// not run.
    mutating func aliasSlices() {
        for (index, step) in plan.steps.enumerated() {
            guard case .operation? = forms[index], let input = step.inputs.first ?? nil, shapes.known[input] == nil,
                resolve(input).outerStrideElements == nil,
                step.outputs.allSatisfy({ $0.map { isFreeRoot($0) } ?? true }),
                let byteOffsets = splitByteOffsets(index) ?? sliceByteOffset(index).map({ [$0] })
            else { continue }
            let source = resolve(input)
            for (output, byteOffset) in zip(step.outputs, byteOffsets) {
                if let output {
                    aliases[output] = Alias(parent: source.root, byteOffset: source.byteOffset + byteOffset)
                }
            }
            forms[index] = nil
        }
    }

    /// Where the pieces of a `Split` lie in its input; nil for anything else, and where they are not contiguous.
    private func splitByteOffsets(_ index: Int) -> [Int]? {
        let step = plan.steps[index]
        guard step.operation.name == "Split", case .integer(let rawAxis)? = step.operation.attributes["axis"],
            let input = step.inputs[0], let type = storedType(input),
            let axis = shapes.types[input]?.shape.normalizedAxis(rawAxis),
            type.shape.elementCount(in: 0..<axis) == 1, let pieces = pieceTypes(index)
        else { return nil }
        var byteOffset = 0
        return pieces.map { piece in
            defer { byteOffset += layouts[input].storedType(piece).byteCount }
            return byteOffset
        }
    }

    /// Where a `Slice` begins in its input; nil for anything else, and where it is not contiguous.
    private func sliceByteOffset(_ index: Int) -> Int? {
        guard plan.steps[index].operation.name == "Slice" else { return nil }
        let problem = shapes.problem(of: index, in: plan)
        guard let slice = problem.operation as? Slice, let output = plan.steps[index].outputs.first ?? nil,
            let input = plan.steps[index].inputs[0], layouts[input] == layouts[output],
            let logical = shapes.types[input]?.shape, let type = storedType(input),
            let walk = try? slice.walk(problem.knownInputs), walk.steps.allSatisfy({ $0 == 1 }),
            !walk.extents.contains(0)
        else { return nil }
        // Along the first axis that is cut at all, one run; there is but one index along all axes before it.
        guard let axis = logical.indices.first(where: { walk.extents[$0] != logical[$0] }) else { return 0 }
        guard logical.elementCount(in: 0..<axis) == 1,
            logical.indices.dropFirst(axis + 1).allSatisfy({ walk.extents[$0] == logical[$0] })
        else { return nil }
        var start = walk.starts[axis]
        if case .blocked(let lanes) = layouts[input] {
            guard axis == 1, start % lanes == 0 else { return nil }
            start /= lanes
        }
        return start * type.shape.elementCount(in: (axis + 1)..<type.shape.rank) * type.dataType.byteCount
    }

    /// The types of all outputs of a step, wanted or not; nil for one whose outputs are not contiguous pieces in the
    /// input's layout.
    private func pieceTypes(_ index: Int) -> [TensorType]? {
        let step = plan.steps[index]
        let types = shapes.outputTypes[index]
        guard let input = step.inputs.first ?? nil, types.count >= step.outputs.count,
            step.outputs.allSatisfy({ $0.map { layouts[$0] == layouts[input] } ?? true })
        else { return nil }
        return types
    }

    /// Whether a `Dropout` may really drop something: its third input is not known to be false.
    private func isTraining(_ step: Step) -> Bool {
        guard step.operation.name == "Dropout", step.inputs.count > 2, let training = step.inputs[2] else {
            return false
        }
        return shapes.known[training]?.integers() != [0]
    }

    /// Places the inputs of concatenations in their outputs, last concatenation first so that nested ones follow.
    mutating func placeConcatenations(acceptsStridedOutput: (_ planIndex: Int) -> Bool) {
        for index in plan.steps.indices.reversed() {
            guard case .operation? = forms[index],
                let concatenation = Concatenation(plan.steps[index], storedType),
                resolve(concatenation.output).outerStrideElements == nil
            else { continue }
            var copies: [PlanInstance.Copy] = []
            var placedCount = 0  // pieces that came with one before
            let pieces = concatenation.pieces.filter { $0.type.byteCount > 0 }
            for (position, piece) in pieces.enumerated() where position >= placedCount {
                if place(piece, in: concatenation.output, acceptsStridedOutput) { continue }
                let count = placeParts(pieces[position...], in: concatenation.output)
                placedCount = position + count
                if count > 0 { continue }
                let destination = PlanInstance.Placement(
                    base: .none,
                    byteOffset: piece.byteOffset,
                    outerStrideElements: piece.outerStrideElements
                )
                copies.append(.init(source: piece.value, destination: destination, type: piece.type))
            }
            forms[index] = copies.isEmpty ? nil : .copies(copies)
        }
    }

    private mutating func place(
        _ piece: Concatenation.Piece,
        in output: Int,
        _ acceptsStridedOutput: (_ planIndex: Int) -> Bool
    ) -> Bool {
        let whole = resolve(output)
        guard let root = freeRootCovered(by: piece.value), root != whole.root else { return false }
        if piece.outerStrideElements != nil {
            guard root == piece.value, readerCounts[root] == 1, let producer = producers[root],
                case .operation? = forms[producer], plan.steps[producer].outputs.first == root,
                acceptsStridedOutput(producer)
            else { return false }
        }
        aliases[root] = Alias(
            parent: whole.root,
            byteOffset: whole.byteOffset + piece.byteOffset,
            outerStrideElements: piece.outerStrideElements
        )
        return true
    }

    /// Places the value that the first of `pieces` are the parts of, all of it and in order, in a concatenation: what was cut
    /// in pieces is joined again, with something behind it.
    /// - Returns: how many pieces are placed with it; 0 where they are not all parts.
    private mutating func placeParts(_ pieces: ArraySlice<Concatenation.Piece>, in output: Int) -> Int {
        guard let first = pieces.first else { return 0 }
        let root = resolve(first.value).root
        let whole = resolve(output)
        guard root != whole.root, isFreeRoot(root), let byteCount = storedType(root)?.byteCount else { return 0 }
        var end = 0
        var count = 0
        for piece in pieces where end < byteCount {
            let place = resolve(piece.value)
            guard place.root == root, place.byteOffset == end, place.outerStrideElements == nil,
                piece.outerStrideElements == nil
            else { return 0 }
            end += piece.type.byteCount
            count += 1
        }
        guard end == byteCount else { return 0 }
        aliases[root] = Alias(parent: whole.root, byteOffset: whole.byteOffset + first.byteOffset)
        return count
    }

    // MARK: - Steps

    /// The steps that run; destinations of copies are not resolved yet.
    func runningSteps() -> [PlanInstance.RunningStep] {
        plan.steps.indices.compactMap { index in
            forms[index].map { PlanInstance.RunningStep(planIndex: index, form: $0) }
        }
    }

    /// The values a running step reads from memory.
    private func reads(_ step: PlanInstance.RunningStep) -> [Int] {
        if case .copies(let copies) = step.form { return copies.map(\.source) }
        return plan.steps[step.planIndex].inputs.compactMap(\.self)
    }

    /// The index of the last running step that reads an input binding; -1 when none does.
    func lastInputReader(_ steps: [PlanInstance.RunningStep]) -> Int {
        steps.lastIndex { step in
            reads(step).contains { value in
                guard case .binding(let binding) = plan.values[resolve(value).root].kind else { return false }
                return plan.bindings[binding].mode == .input
            }
        } ?? -1
    }

    // MARK: - Overwriting

    /// Lets outputs take over the memory of inputs that nothing needs any more.
    ///
    /// - Parameter inputs: the positions of a step's inputs (index in the plan's steps) that its kernel lets be overwritten.
    mutating func overwriteInputs(_ steps: [PlanInstance.RunningStep], _ inputs: (_ planIndex: Int) -> [Int]) {
        var lastTouch: [Int: Int] = [:]
        for (position, step) in steps.enumerated() {
            let touched = reads(step) + plan.steps[step.planIndex].outputs.compactMap(\.self)
            for value in touched { lastTouch[resolve(value).root] = position }
        }
        for (position, step) in steps.enumerated() {
            guard case .operation = step.form, let output = plan.steps[step.planIndex].outputs.first ?? nil,
                isFreeRoot(output)
            else { continue }
            let operands = plan.steps[step.planIndex].inputs
            for candidate in inputs(step.planIndex) {
                guard operands.indices.contains(candidate), let input = operands[candidate],
                    let root = freeRootCovered(by: input), lastTouch[root] == position,
                    storedType(input)?.byteCount == storedType(output)?.byteCount,
                    operands.enumerated().allSatisfy({ index, other in
                        index == candidate || other.map { resolve($0).root != root } ?? true
                    })
                else { continue }
                aliases[output] = Alias(parent: root, byteOffset: 0)
                lastTouch[root] = lastTouch[output] ?? position
                break
            }
        }
    }

    // MARK: - Workspace

    /// Lays out all values that own workspace, by when they are first written and last read.
    func layOut(_ steps: [PlanInstance.RunningStep]) -> WorkspaceLayout {
        var lifetimes: [Int: ClosedRange<Int>] = [:]
        func touch(_ value: Int, at position: Int) {
            let root = resolve(value).root
            guard isFreeRoot(root) else { return }
            let known = lifetimes[root] ?? position...position
            lifetimes[root] = min(known.lowerBound, position)...max(known.upperBound, position)
        }
        for (position, step) in steps.enumerated() {
            for value in reads(step) { touch(value, at: position) }
            for case let output? in plan.steps[step.planIndex].outputs { touch(output, at: position) }
        }
        let buffers = lifetimes.sorted { $0.key < $1.key }.map { root, lifetime in
            WorkspaceLayout.Buffer(value: root, byteCount: storedType(root)?.byteCount ?? 0, lifetime: lifetime)
        }
        return WorkspaceLayout(buffers)
    }

    /// Where a value lives.
    func placement(of value: Int, _ layout: WorkspaceLayout) -> PlanInstance.Placement {
        let type = shapes.types[value]
        if let known = shapes.known[value], !plan.values[value].isBinding {
            return .init(base: .constant(known), byteOffset: 0)
        }
        let resolved = resolve(value)
        let base: PlanInstance.Placement.Base
        var byteOffset = resolved.byteOffset
        if let known = shapes.known[resolved.root], let type, !plan.values[resolved.root].isBinding {
            base = .constant(known.reshaped(to: type.shape))
        } else if case .binding(let binding) = plan.values[resolved.root].kind {
            base = .binding(binding)
        } else if type == nil {
            base = producers[value] == nil ? .none : .dynamic
        } else if let workspaceByteOffset = layout.byteOffsets[resolved.root] {
            base = .workspace
            byteOffset += workspaceByteOffset
        } else {
            base = .none
        }
        return .init(base: base, byteOffset: byteOffset, outerStrideElements: resolved.outerStrideElements)
    }

    /// The step with the destinations of its copies made absolute.
    func resolvingCopies(
        _ step: PlanInstance.RunningStep,
        _ layout: WorkspaceLayout
    ) -> PlanInstance.RunningStep {
        guard case .copies(let copies) = step.form, let output = plan.steps[step.planIndex].outputs.first ?? nil else {
            return step
        }
        let whole = placement(of: output, layout)
        var resolved = step
        resolved.form = .copies(
            copies.map { copy in
                var copy = copy
                copy.destination.base = whole.base
                copy.destination.byteOffset += whole.byteOffset
                return copy
            }
        )
        return resolved
    }
}

/// A `Concat` step whose pieces are slices of its output that a ``Tensor`` can express.
private struct Concatenation {
    struct Piece {
        var value: Int
        var type: TensorType
        var byteOffset: Int
        var outerStrideElements: Int?
    }

    var output: Int
    var pieces: [Piece] = []

    /// - Parameter storedType: the type of a value's elements as they are stored. All layouts keep the order of axes 0 and 1,
    ///   and only the channel axis is ever joined in another layout than the planar one.
    init?(_ step: Step, _ storedType: (Int) -> TensorType?) {
        guard step.operation.name == "Concat", case .integer(let rawAxis)? = step.operation.attributes["axis"],
            step.outputs.count == 1, let output = step.outputs[0], let outputType = storedType(output),
            let axis = outputType.shape.normalizedAxis(rawAxis)
        else { return nil }
        self.output = output
        let shape = outputType.shape
        let outerExtent = shape.elementCount(in: 0..<axis)
        // Only the outermost stride of a tensor may be larger than contiguous.
        guard outerExtent == 1 || outerExtent == shape[0] else { return nil }
        let rowElementCount = shape.elementCount(in: axis..<shape.rank)
        var byteOffset = 0
        for input in step.inputs {
            guard let input, let type = storedType(input), type.dataType == outputType.dataType else { return nil }
            let piece = Piece(
                value: input,
                type: type,
                byteOffset: byteOffset,
                outerStrideElements: outerExtent == 1 ? nil : rowElementCount
            )
            pieces.append(piece)
            byteOffset += type.shape.elementCount(in: axis..<shape.rank) * type.dataType.byteCount
        }
    }
}
