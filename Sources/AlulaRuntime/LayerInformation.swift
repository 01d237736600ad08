// SPDX-License-Identifier: Apache-2.0

internal import AlulaKernels
internal import AlulaOperators
internal import AlulaPlan
public import AlulaTensor

/// One layer of an engine at given input shapes: what it is, how it runs, what it computes and moves.
///
/// TensorRT counterpart: a layer of `IEngineInspector`.
public struct LayerInformation: Sendable {
    /// How a layer is carried out.
    public enum Execution: Sendable, Hashable {
        /// By the kernel of this identifier, chosen as this tactic.
        case kernel(identifier: String, tactic: String)
        /// By the operator's scalar definition: there is no kernel for it.
        case reference
        /// By the operator's own evaluation, in so many parts.
        case parts(count: Int)
        /// By copying so many pieces that other layers could not write in place.
        case copies(count: Int)
        /// Not at all: the outputs share memory with the inputs.
        case inPlace
        /// Not at all: the outputs follow from the shapes.
        case resolved
        /// Sized, and matched with a kernel, when it runs.
        case dynamic
    }

    /// A tensor a layer reads or writes.
    public struct Operand: Sendable, Hashable {
        /// The tensor's name.
        public var name: String
        /// Data type and shape; nil when they are found out by running.
        public var type: TensorType?
        /// How the elements lie in memory, e.g. `planar` or `blocked16`.
        public var layout: String
        /// Whether the content is part of the plan.
        public var isConstant: Bool
    }

    /// The layer's name.
    public var name: String
    /// The operator, joined with its stages by `+` where fused.
    public var operation: String
    /// How it is carried out.
    public var execution: Execution
    /// By input; nil where omitted.
    public var inputs: [Operand?]
    /// By output; nil where not wanted.
    public var outputs: [Operand?]
    /// Floating-point operations of one run, a multiply-add counting two; 0 where not known beforehand.
    public var floatingPointOperations: Int
    /// Bytes of constants one run reads, each tensor counted once, as stored in the plan.
    public var constantByteCount: Int
    /// Bytes of other tensors one run reads and writes, each tensor counted once, as it lies in memory.
    public var activationByteCount: Int

    /// Whether the layer takes time.
    public var isRunning: Bool {
        switch execution {
        case .kernel, .reference, .parts, .copies, .dynamic: true
        case .inPlace, .resolved: false
        }
    }
}

extension Engine {
    /// All layers at the given input shapes, in order, with those that take no time and the changes of layout that the
    /// plan itself does not hold.
    ///
    /// The layers for which ``LayerInformation/isRunning`` is true are those a ``Profiler`` hears of, in the same order.
    /// - Parameter inputShapes: the full shape of each input, batch included, in the order of ``bindings``.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for shapes the engine does not take.
    /// - Note: TensorRT: `createEngineInspector`, `getLayerInformation`.
    public func layers(inputShapes: [Shape]) throws(ExecutionError) -> [LayerInformation] {
        try instance(inputShapes: inputShapes).layers
    }

    /// Bytes of workspace at the given input shapes, batch included.
    package func workspaceByteCount(inputShapes: [Shape]) throws(ExecutionError) -> Int {
        try instance(inputShapes: inputShapes).workspaceByteCount
    }
}

// MARK: - Gathering

extension EngineInstance {
    /// What every step of the plan is here, reorders included.
    fileprivate var layers: [LayerInformation] {
        var running: [Int: Step] = [:]
        for (form, step) in zip(plan.steps, steps) { running[form.planIndex] = step }
        return plan.plan.steps.indices.map { layer($0, running[$0]) }
    }

    private func layer(_ index: Int, _ running: Step?) -> LayerInformation {
        let step = plan.plan.steps[index]
        let inputs = step.inputs.map { $0.map(operand) }
        let outputs = step.outputs.map { $0.map(operand) }
        var layer = LayerInformation(
            name: step.name,
            operation: step.operation.nameWithStages,
            execution: execution(index, running),
            inputs: inputs,
            outputs: outputs,
            floatingPointOperations: 0,
            constantByteCount: 0,
            activationByteCount: 0
        )
        switch layer.execution {
        case .kernel, .reference, .parts: count(index, in: &layer)
        case .copies(let count):
            if case .copies(let copies)? = running?.form {
                layer.activationByteCount = 2 * copies.prefix(count).reduce(0) { $0 + $1.type.byteCount }
            }
        case .inPlace, .resolved, .dynamic: break
        }
        return layer
    }

    private func operand(_ value: Int) -> LayerInformation.Operand {
        LayerInformation.Operand(
            name: plan.plan.values[value].name,
            type: plan.shapes.types[value],
            layout: plan.layouts[value].description,
            isConstant: plan.shapes.known[value] != nil
        )
    }

    private func execution(_ index: Int, _ running: Step?) -> LayerInformation.Execution {
        guard let running else { return plan.shapes.evaluations[index] == .skipped ? .resolved : .inPlace }
        switch running.form {
        case .copies(let copies): return .copies(count: copies.count)
        case .dynamic: return .dynamic
        case .operation:
            guard let kernel = running.kernel else {
                return running.partCount.map { .parts(count: $0) } ?? .reference
            }
            return .kernel(identifier: kernel.identifier, tactic: running.tactic ?? "")
        }
    }

    /// Operators that read no more of their first input than they write.
    private static let partialReaders: Set<String> = ["Gather", "GatherElements", "GatherND", "Slice", "Split"]

    private func count(_ index: Int, in layer: inout LayerInformation) {
        let step = plan.plan.steps[index]
        let outputTypes = plan.shapes.outputTypes[index]
        layer.floatingPointOperations = step.operation.floatingPointOperations(
            inputs: step.inputs.map { $0.flatMap { plan.shapes.types[$0] } },
            outputs: outputTypes
        )
        let writtenByteCount = step.outputs.reduce(0) { $0 + storedByteCount($1) }
        var seen: Set<Int> = []
        for (position, value) in step.inputs.enumerated() {
            guard let value, seen.insert(value).inserted else { continue }
            let isPartial = position == 0 && Self.partialReaders.contains(step.operation.name)
            let byteCount = isPartial ? min(storedByteCount(value), writtenByteCount) : storedByteCount(value)
            if plan.shapes.known[value] == nil {
                layer.activationByteCount += byteCount
            } else {
                layer.constantByteCount += byteCount
            }
        }
        layer.activationByteCount += writtenByteCount
    }

    private func storedByteCount(_ value: Int?) -> Int {
        guard let value, let type = plan.shapes.types[value] else { return 0 }
        return plan.shapes.known[value] == nil ? plan.layouts[value].storedType(type).byteCount : type.byteCount
    }
}

extension Operator {
    /// The operator's name; producer and stages of a fused one.
    fileprivate var nameWithStages: String {
        guard let fused = self as? Fused else { return name }
        return ([fused.producer.name] + fused.stages.map(\.operation.name)).joined(separator: "+")
    }
}
