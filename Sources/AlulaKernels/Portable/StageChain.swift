// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// The elementwise stages of a ``Fused`` operator, prepared to run on pieces of the output that are still in cache.
///
/// Axes over which every operand advances alike are merged, so that a residual addition is one long run, a
/// per-channel operand one number a plane.
struct StageChain: Sendable {
    private enum Stage: Sendable {
        case map(StageFunction)
        /// The second operand: its index among all inputs, and its strides over the merged axes.
        case combine(StageCombination, input: Int, strides: [Int])
    }

    private var stages: [Stage] = []
    /// The output's merged extents, outermost first; the last is the longest run that is treated at once.
    private var extents: [Int] = []

    /// A chain without stages.
    init() {}

    /// Whether there is nothing to do.
    var isEmpty: Bool { stages.isEmpty }

    /// The stages on an output of `shape`; nil when one of them has no kernel.
    ///
    /// - Parameter loadsFirstInput: whether the running value starts as input 0, broadcast to `shape`.
    init?(_ source: [Fused.Stage], inputs: [TensorType?], shape: Shape, loadsFirstInput: Bool = false) {
        var operands: [[Int]] = []
        if loadsFirstInput {
            guard let type = inputs.first ?? nil, type.dataType == .float32,
                type.shape.broadcast(with: shape) == shape
            else { return nil }
            operands.append(type.shape.broadcastStrides(to: shape))
            stages.append(.combine(.load, input: 0, strides: []))
        }
        for stage in source {
            guard let input = stage.operandInput else {
                guard let operation = stage.operation as? any ElementwiseOperator else { return nil }
                stages.append(.map(StageFunction(operation)))
                continue
            }
            // The shape as the operator broadcasts it: a slope may run along the channels.
            guard let combination = StageCombination(stage.operation, isReversed: stage.isReversed),
                inputs.indices.contains(input), let type = inputs[input], type.dataType == .float32,
                let operand = Epilogue.operandShape(type.shape, of: stage.operation, output: shape)
            else { return nil }
            operands.append(operand.broadcastStrides(to: shape))
            stages.append(.combine(combination, input: input, strides: []))
        }
        let merged = Self.mergeAxes(shape, operands)
        extents = merged.extents
        var next = 0
        for index in stages.indices {
            guard case .combine(let combination, let input, _) = stages[index] else { continue }
            stages[index] = .combine(combination, input: input, strides: merged.strides[next])
            next += 1
        }
    }

    /// Merges neighbouring axes over which all operands advance as over one.
    static func mergeAxes(_ shape: Shape, _ operands: [[Int]]) -> (extents: [Int], strides: [[Int]]) {
        var extents: [Int] = []
        var strides = operands.map { _ in [Int]() }
        for axis in (0..<shape.rank).reversed() where shape[axis] != 1 {
            let canMerge = zip(operands, strides).allSatisfy { all, merged in
                merged.first.map { all[axis] == $0 * (extents.first ?? 1) } ?? false
            }
            if canMerge && !extents.isEmpty || operands.isEmpty && !extents.isEmpty {
                extents[0] *= shape[axis]
            } else {
                extents.insert(shape[axis], at: 0)
                for index in operands.indices { strides[index].insert(operands[index][axis], at: 0) }
            }
        }
        if extents.isEmpty { return ([1], operands.map { _ in [0] }) }
        return (extents, strides)
    }

    /// Runs all stages on `run`, the output's elements from number `start` on in row-major order.
    func apply(to run: inout MutableSpan<Float>, startingAt start: Int, inputs: [Tensor?]) {
        guard !stages.isEmpty, let rowLength = extents.last else { return }
        var done = 0
        while done < run.count {
            let (row, column) = (start + done).quotientAndRemainder(dividingBy: rowLength)
            let count = min(rowLength - column, run.count - done)
            var piece = run._mutatingExtracting(done..<(done + count))
            for stage in stages { apply(stage, to: &piece, row: row, column: column, inputs: inputs) }
            done += count
        }
    }

    private func apply(
        _ stage: Stage,
        to piece: inout MutableSpan<Float>,
        row: Int,
        column: Int,
        inputs: [Tensor?]
    ) {
        switch stage {
        case .map(let function):
            function.apply(to: &piece)
        case .combine(let combination, let input, let strides):
            guard let tensor = inputs[input] else { return }
            let operand = tensor.span(of: Float.self)
            var first = 0
            var rest = row
            for axis in stride(from: extents.count - 2, through: 0, by: -1) {
                let (quotient, index) = rest.quotientAndRemainder(dividingBy: extents[axis])
                first += index * strides[axis]
                rest = quotient
            }
            if strides[extents.count - 1] == 0 {
                combination.apply(to: &piece, operand.extracting(first..<(first + 1)))
            } else {
                first += column
                combination.apply(to: &piece, operand.extracting(first..<(first + piece.count)))
            }
        }
    }
}

/// An operator taken apart: what makes the value, and the stages that follow.
struct FusedProblem {
    /// The producer, or the operator itself when nothing is fused.
    var producer: any Operator
    /// The producer's inputs.
    var inputs: [TensorType?]
    /// The first output.
    var output: TensorType
    /// The stages.
    var chain: StageChain

    /// Takes `operation` apart; nil unless the first output is float32 and every stage has a kernel.
    init?(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) {
        guard let output = outputs.first, output.dataType == .float32 else { return nil }
        self.output = output
        guard let fused = operation as? Fused else {
            producer = operation
            self.inputs = inputs
            chain = StageChain()
            return
        }
        guard let chain = StageChain(fused.stages, inputs: inputs, shape: output.shape) else { return nil }
        producer = fused.producer
        self.inputs = Array(inputs.prefix(fused.producerInputCount))
        self.chain = chain
    }

    /// Input `index` of the producer if it is float32; nil when it is omitted or of another type.
    func floatInput(_ index: Int) -> Shape? {
        guard inputs.indices.contains(index), let type = inputs[index], type.dataType == .float32 else { return nil }
        return type.shape
    }
}
