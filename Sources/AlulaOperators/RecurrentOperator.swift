// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator that carries a state of `H` numbers along a sequence of `T` steps, with `G` gates.
///
/// Inputs: src `[T, N, I]`; weights `[P, G·H, I]`; recurrence weights `[P, G·H, H]`; bias `[P, 2·G·H]`, optional, that of
/// the weights before that of the recurrence; lengths `[N]`, int32, optional; initial state `[P, N, H]`, optional. `P` is
/// the number of passes, 2 if bidirectional. Outputs: all states `[T, P, N, H]`, zero beyond a sequence's length, and the
/// last states `[P, N, H]`. Batch first: src `[N, T, I]`, states `[N, T, P, H]` and `[N, P, H]`. Computed in `float64`.
public protocol RecurrentOperator: Operator {
    /// G.
    static var gateCount: Int { get }
    /// The functions of one pass, by default.
    static var defaultActivations: [String] { get }
    /// The most inputs the operator takes.
    static var maximumInputCount: Int { get }
    /// The number of outputs: all states, the last states, and the last cell states if the operator has such.
    static var outputCount: Int { get }
    /// Direction, functions, clipping, layout.
    var parameters: RecurrentParameters { get }
    /// Advances the state by one step.
    func advance(_ step: borrowing RecurrentStep, _ state: inout RecurrentState)
}

/// What one sequence carries from step to step.
public struct RecurrentState: Sendable {
    /// The hidden state, H numbers.
    public var hidden: [Double]
    /// The cell state, H numbers; used by `LSTM` only.
    public var cell: [Double]
}

/// One step of one sequence as an operator's recurrence sees it.
public struct RecurrentStep: ~Copyable {
    let pass: RecurrentPass
    /// `weights·x + bias` for all gates, G·H numbers.
    let inputGates: [Double]
    let parameters: RecurrentParameters
    let functions: ArraySlice<RecurrentActivation>

    /// Function `index` of the pass, applied to the clipped value.
    func activate(_ index: Int, _ x: Double) -> Double {
        var x = x
        if let clip = parameters.clip { x = max(-Double(clip), min(Double(clip), x)) }
        return functions[functions.startIndex + index].apply(x)
    }

    /// `recurrenceWeights·vector + bias` of element `row` of the gates.
    func recur(_ row: Int, _ vector: [Double]) -> Double {
        var sum = pass.recurrenceBias[row]
        let start = row * vector.count
        for index in vector.indices { sum += pass.recurrence[start + index] * vector[index] }
        return sum
    }
}

/// The weights of one pass over the sequences.
struct RecurrentPass {
    /// `[G·H, I]`.
    var weights: [Double]
    /// `[G·H, H]`.
    var recurrence: [Double]
    /// `[G·H]`.
    var weightBias: [Double]
    /// `[G·H]`.
    var recurrenceBias: [Double]
    /// `[3·H]` for `LSTM`, or zeros.
    var peepholes: [Double]
}

extension RecurrentOperator {
    /// The parameters by name.
    public var attributes: Attributes { parameters.attributes }

    /// The sequence of states and the last ones.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...Self.maximumInputCount)
        try inputs.require(.floats, of: 0)
        try inputs.require(rank: 3...3, of: 0)
        try inputs.require(rank: 3...3, of: 2)
        let src = try inputs.required(0)
        let (steps, batch) = parameters.isBatchFirst ? (src.shape[1], src.shape[0]) : (src.shape[0], src.shape[1])
        let hidden = try inputs.required(2).shape[2]
        let passes = parameters.direction.count
        let rows = Self.gateCount * hidden
        let state: Shape = parameters.isBatchFirst ? [batch, passes, hidden] : [passes, batch, hidden]
        let expected: [Shape] = [
            src.shape, [passes, rows, src.shape[2]], [passes, rows, hidden], [passes, 2 * rows], [batch], state, state,
            [passes, 3 * hidden],
        ]
        for index in 1..<Self.maximumInputCount {
            guard let input = inputs[index] else { continue }
            guard input.shape == expected[index] else {
                throw .shapeMismatch(
                    operator: Self.name,
                    input: index,
                    got: input.shape,
                    expected: "\(expected[index])"
                )
            }
            if index == 4 { try inputs.require([.int32], of: index) } else { try inputs.requireSameType(0, index) }
        }
        let extents = parameters.isBatchFirst ? [batch, steps, passes, hidden] : [steps, passes, batch, hidden]
        guard let all = Shape(checking: extents) else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: src.shape,
                expected: "fewer states than \(extents)"
            )
        }
        return [TensorType(src.dataType, all)]
            + [TensorType](repeating: TensorType(src.dataType, state), count: Self.outputCount - 1)
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let recurrence = inputs.operand(2) else { return }
        let extents = RecurrentExtents(src.shape, hidden: recurrence.shape[2], parameters)
        let x = src.doubles()
        let initial = (inputs.operand(5)?.doubles(), inputs.operand(6)?.doubles())
        let lengths = try lengths(inputs.operand(4), extents)
        var all = [Double](repeating: 0, count: extents.steps * extents.stateElements)
        var last = RecurrentState(
            hidden: [Double](repeating: 0, count: extents.stateElements),
            cell: [Double](repeating: 0, count: extents.stateElements)
        )
        for index in 0..<extents.passes {
            let pass = makePass(index, inputs, extents)
            for sequence in 0..<extents.batch {
                let slot = extents.stateRange(pass: index, sequence: sequence)
                let zeros = [Double](repeating: 0, count: extents.hidden)
                var state = RecurrentState(
                    hidden: initial.0.map { Array($0[slot]) } ?? zeros,
                    cell: initial.1.map { Array($0[slot]) } ?? zeros
                )
                for position in 0..<lengths[sequence] {
                    let time = parameters.direction.isReversed(index) ? lengths[sequence] - 1 - position : position
                    advance(makeStep(pass, index, x, extents.srcElement(time, sequence), extents), &state)
                    let first = extents.outputElement(time, pass: index, sequence: sequence)
                    all.replaceSubrange(first..<first + extents.hidden, with: state.hidden)
                }
                last.hidden.replaceSubrange(slot, with: state.hidden)
                last.cell.replaceSubrange(slot, with: state.cell)
            }
        }
        writeOutputs([all, last.hidden, last.cell], outputs)
    }

    private func writeOutputs(_ values: [[Double]], _ outputs: [Tensor?]) {
        for (values, output) in zip(values, outputs) {
            guard let output, let type = output.dataType.floatElementType else { continue }
            func run<T: FloatElement>(_: T.Type) { write(values, to: output) { T($0) } }
            run(type)
        }
    }

    private func lengths(_ tensor: Tensor?, _ extents: RecurrentExtents) throws(OperatorError) -> [Int] {
        let lengths = tensor?.integers() ?? [Int](repeating: extents.steps, count: extents.batch)
        if let bad = lengths.first(where: { !(0...extents.steps).contains($0) }) {
            throw .invalidValue(
                operator: Self.name,
                input: 4,
                got: "length \(bad)",
                expected: "0 to \(extents.steps)"
            )
        }
        return lengths
    }

    private func makePass(_ index: Int, _ inputs: [Tensor?], _ extents: RecurrentExtents) -> RecurrentPass {
        let rows = Self.gateCount * extents.hidden
        func row(_ tensor: Tensor?, _ count: Int) -> [Double] {
            tensor?.outerRow(index).doubles() ?? [Double](repeating: 0, count: count)
        }
        let biases = row(inputs.operand(3), 2 * rows)
        return RecurrentPass(
            weights: row(inputs.operand(1), rows * extents.features),
            recurrence: row(inputs.operand(2), rows * extents.hidden),
            weightBias: Array(biases.prefix(rows)),
            recurrenceBias: Array(biases.suffix(rows)),
            peepholes: row(inputs.operand(7), 3 * extents.hidden)
        )
    }

    private func makeStep(
        _ pass: RecurrentPass,
        _ index: Int,
        _ x: [Double],
        _ first: Int,
        _ extents: RecurrentExtents
    ) -> RecurrentStep {
        var gates = pass.weightBias
        for row in gates.indices {
            var sum = 0.0
            let start = row * extents.features
            for feature in 0..<extents.features { sum += pass.weights[start + feature] * x[first + feature] }
            gates[row] += sum
        }
        let count = parameters.activations.count / parameters.direction.count
        let functions = parameters.activations[index * count..<(index + 1) * count]
        return RecurrentStep(pass: pass, inputGates: gates, parameters: parameters, functions: functions)
    }

    /// Two matrix products a step and pass.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 2, let weights = inputs[1], let recurrence = inputs[2], let all = outputs.first,
            recurrence.shape.rank == 3, recurrence.shape[2] > 0
        else { return 0 }
        let states = all.shape.elementCount / (recurrence.shape[2] * parameters.direction.count)
        return 2 * states * (weights.shape.elementCount + recurrence.shape.elementCount)
    }
}

/// Extents of a recurrent problem, and where its elements lie.
struct RecurrentExtents {
    let steps: Int
    let batch: Int
    let features: Int
    let hidden: Int
    let passes: Int
    private let isBatchFirst: Bool

    init(_ src: Shape, hidden: Int, _ parameters: RecurrentParameters) {
        isBatchFirst = parameters.isBatchFirst
        (steps, batch) = isBatchFirst ? (src[1], src[0]) : (src[0], src[1])
        features = src[2]
        self.hidden = hidden
        passes = parameters.direction.count
    }

    /// Elements of the states of one step.
    var stateElements: Int { passes * batch * hidden }

    /// The first element of `src` at a step.
    func srcElement(_ time: Int, _ sequence: Int) -> Int {
        (isBatchFirst ? sequence * steps + time : time * batch + sequence) * features
    }

    /// The elements of a state in the tensor of last states.
    func stateRange(pass: Int, sequence: Int) -> Range<Int> {
        let first = (isBatchFirst ? sequence * passes + pass : pass * batch + sequence) * hidden
        return first..<first + hidden
    }

    /// The first element of a state in the tensor of all states.
    func outputElement(_ time: Int, pass: Int, sequence: Int) -> Int {
        let row =
            isBatchFirst ? (sequence * steps + time) * passes + pass : (time * passes + pass) * batch + sequence
        return row * hidden
    }
}
