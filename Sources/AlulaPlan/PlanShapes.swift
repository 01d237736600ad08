// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
package import AlulaTensor

/// The types of all values of a plan for concrete input shapes: the result of running its shape program.
///
/// Steps are visited in order. A step whose outputs follow from types alone, or from small values already known, is
/// evaluated here and never runs again; a step whose output shape needs content that only a run provides is *dynamic*,
/// and so is everything that depends on its outputs.
package struct PlanShapes: Sendable {
    /// What is left to do for a step when the plan runs.
    package enum Evaluation: Sendable, Equatable {
        /// Nothing: its outputs are known, or nothing that runs needs them.
        case skipped
        /// Runs with the types known here.
        case sized
        /// Its outputs are sized when it runs.
        case dynamic
    }

    /// The type of each value; nil where it is known only when the plan runs.
    package private(set) var types: [TensorType?]
    /// The content of each value that does not depend on a run: constants and resolved shape arithmetic.
    package private(set) var known: [Tensor?]
    /// What is left to do, by step.
    package private(set) var evaluations: [Evaluation] = []
    /// The types of all outputs a step's operator has, wanted or not; empty for dynamic steps.
    package private(set) var outputTypes: [[TensorType]]

    /// Values of at most this many elements are computed here if their inputs are known; shape arithmetic is far smaller.
    static let resolvedElementLimit = 4096

    /// All contents computed here together take at most this many bytes: a bound for plans made to exhaust memory.
    static let resolvedByteLimit = 64 << 20

    /// Runs the shape program.
    ///
    /// - Parameter inputShapes: the full shape of each input binding, batch included.
    /// - Throws: ``PlanError/shapeMismatch(binding:got:expected:)`` for shapes that do not fit the bindings,
    ///   ``PlanError/operatorRefused(step:reason:)`` where an operator refuses its inputs.
    package init(_ plan: Plan, inputShapes: [Shape]) throws(PlanError) {
        try plan.checkInputs(inputShapes)
        types = [TensorType?](repeating: nil, count: plan.values.count)
        known = [Tensor?](repeating: nil, count: plan.values.count)
        outputTypes = Array(repeating: [], count: plan.steps.count)
        for (index, value) in plan.values.enumerated() {
            switch value.kind {
            case .constant(let tensor):
                types[index] = tensor.type
                known[index] = tensor
            case .binding(let binding) where plan.bindings[binding].mode == .input:
                types[index] = TensorType(plan.bindings[binding].dataType, inputShapes[binding])
            case .binding, .intermediate: break
            }
        }
        var budgetByteCount = Self.resolvedByteLimit
        for index in plan.steps.indices {
            evaluations.append(try evaluate(index, of: plan, budgetByteCount: &budgetByteCount))
        }
        skipUnneeded(plan)
        try checkOutputs(plan)
    }

    // MARK: - One step

    private mutating func evaluate(
        _ index: Int,
        of plan: Plan,
        budgetByteCount: inout Int
    ) throws(PlanError) -> Evaluation {
        let step = plan.steps[index]
        var inputs: [OperatorInput?] = []
        for input in step.inputs {
            guard let input else {
                inputs.append(nil)
                continue
            }
            guard let type = types[input] else { return .dynamic }
            inputs.append(OperatorInput(type, value: known[input]))
        }
        do {
            if let outputs = try step.operation.outputsKnownFromTypes(inputs) {
                return try resolve(index, to: outputs, of: plan)
            }
            let outputTypes = try step.operation.inferOutputs(inputs)
            if let outputs = try evaluateIfSmall(step, inputs, outputTypes, &budgetByteCount) {
                return try resolve(index, to: outputs, of: plan)
            }
            try assign(outputTypes, to: index, of: plan)
            return .sized
        } catch let error as OperatorError {
            if case .valueRequired = error { return .dynamic }
            throw .operatorRefused(step: step.name, reason: error)
        } catch {
            throw error as? PlanError ?? .operatorRefused(step: step.name, reason: .unknownOperator(name: step.name))
        }
    }

    private func evaluateIfSmall(
        _ step: Step,
        _ inputs: [OperatorInput?],
        _ outputTypes: [TensorType],
        _ budgetByteCount: inout Int
    ) throws(OperatorError) -> [Tensor]? {
        func isSmall(_ type: TensorType) -> Bool {
            (Shape(checking: type.shape.extents)?.elementCount ?? .max) <= Self.resolvedElementLimit
        }
        guard outputTypes.allSatisfy(isSmall),
            inputs.allSatisfy({ $0.map { $0.value != nil && isSmall($0.type) } ?? true })
        else { return nil }
        let byteCount = outputTypes.reduce(0) { $0 + $1.byteCount }
        guard byteCount <= budgetByteCount else { return nil }
        budgetByteCount -= byteCount
        let outputs = outputTypes.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try step.operation.evaluate(inputs.map { $0?.value }, into: outputs)
        return outputs
    }

    /// Records known outputs; a step that writes an output binding still runs to write it.
    private mutating func resolve(
        _ index: Int,
        to outputs: [Tensor],
        of plan: Plan
    ) throws(PlanError) -> Evaluation {
        let step = plan.steps[index]
        try assign(outputs.map(\.type), to: index, of: plan)
        for (output, tensor) in zip(step.outputs, outputs) {
            if let output { known[output] = tensor }
        }
        return step.outputs.contains { $0.map { plan.values[$0].isBinding } ?? false } ? .sized : .skipped
    }

    private mutating func assign(_ types: [TensorType], to index: Int, of plan: Plan) throws(PlanError) {
        let step = plan.steps[index]
        guard step.outputs.count <= types.count else {
            throw .malformed(
                what: "outputs",
                location: "step '\(step.name)'",
                got: "\(step.outputs.count)",
                expected: "at most \(types.count), as \(step.operation.name) has"
            )
        }
        for (output, type) in zip(step.outputs, types) {
            guard let output else { continue }
            guard let shape = Shape(checking: type.shape.extents), shape.elementCount <= Self.elementLimit else {
                throw .malformed(
                    what: "output shape",
                    location: "step '\(step.name)'",
                    got: "\(type.shape)",
                    expected: "at most \(Self.elementLimit) elements"
                )
            }
            self.types[output] = type
        }
        outputTypes[index] = types
    }

    /// Above any tensor that could be computed here; keeps byte counts far from overflow.
    private static let elementLimit = 1 << 44

    // MARK: - All steps

    /// Skips steps whose outputs nothing reads any more because the readers were resolved.
    private mutating func skipUnneeded(_ plan: Plan) {
        var isRead = [Bool](repeating: false, count: plan.values.count)
        for index in plan.steps.indices.reversed() where evaluations[index] != .skipped {
            let step = plan.steps[index]
            let isNeeded = step.outputs.contains { output in
                output.map { isRead[$0] || plan.values[$0].isBinding } ?? false
            }
            guard isNeeded else {
                evaluations[index] = .skipped
                continue
            }
            for case let input? in step.inputs where known[input] == nil { isRead[input] = true }
        }
    }

    private func checkOutputs(_ plan: Plan) throws(PlanError) {
        for (index, value) in plan.values.enumerated() {
            guard case .binding(let position) = value.kind, plan.bindings[position].mode == .output,
                let type = types[index]
            else { continue }
            let binding = plan.bindings[position]
            guard type.dataType == binding.dataType, binding.accepts(type.shape, batchMode: plan.batchMode) else {
                throw .malformed(
                    what: "output type",
                    location: "binding '\(binding.name)'",
                    got: "\(type)",
                    expected: "\(binding.dataType) \(binding.dimensions.map { "\($0)" } ?? "of any shape")"
                )
            }
        }
    }
}

extension PlanValue {
    /// Whether the value lives in the caller's memory.
    var isBinding: Bool {
        if case .binding = kind { true } else { false }
    }
}

extension Binding {
    /// Whether a full shape (batch included) fits the declared dimensions.
    package func accepts(_ shape: Shape, batchMode: BatchMode) -> Bool {
        guard let dimensions else { return true }
        var extents = shape.extents[...]
        if case .implicit(let maxBatchSize) = batchMode {
            guard let batch = extents.popFirst(), (1...maxBatchSize).contains(batch) else { return false }
        }
        return extents.count == dimensions.count
            && zip(extents, dimensions).allSatisfy { extent, dimension in extent == dimension.extent ?? extent }
    }
}

extension Plan {
    /// Checks the number of input shapes and each against its binding; equal symbols must have equal extents.
    fileprivate func checkInputs(_ shapes: [Shape]) throws(PlanError) {
        let inputs = bindings.prefix { $0.mode == .input }
        guard shapes.count == inputs.count else {
            throw .malformed(
                what: "input shapes",
                location: "plan '\(name)'",
                got: "\(shapes.count)",
                expected: "\(inputs.count)"
            )
        }
        var extents: [String: Int] = [:]
        var batch: Int?
        for (binding, shape) in zip(inputs, shapes) {
            guard binding.accepts(shape, batchMode: batchMode), Shape(checking: shape.extents) != nil else {
                let dimensions = binding.dimensions.map { "\($0)" } ?? "any"
                let note = if case .implicit(let maximum) = batchMode { " after a batch of 1...\(maximum)" } else { "" }
                throw .shapeMismatch(binding: binding.name, got: shape, expected: dimensions + note)
            }
            if case .implicit = batchMode {
                if let batch, batch != shape[0] {
                    let expected = "batch \(batch) as in another input"
                    throw .shapeMismatch(binding: binding.name, got: shape, expected: expected)
                }
                batch = shape[0]
                continue
            }
            guard let dimensions = binding.dimensions else { continue }
            for (axis, dimension) in dimensions.enumerated() {
                guard case .symbolic(let symbol) = dimension, !symbol.isEmpty else { continue }
                if let expected = extents.updateValue(shape[axis], forKey: symbol), expected != shape[axis] {
                    throw .shapeMismatch(
                        binding: binding.name,
                        got: shape,
                        expected: "\(symbol) = \(expected) as in another input"
                    )
                }
            }
        }
    }
}
