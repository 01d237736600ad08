// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

/// A random recurrent problem: two sequences of five steps, three features, four hidden units.
private struct RecurrentProblem {
    let src: Tensor
    let weights: Tensor
    let recurrence: Tensor
    let bias: Tensor
    let initial: Tensor
    let initialCell: Tensor
    let peepholes: Tensor

    init(seed: UInt64, gates: Int, passes: Int) {
        var random = ProblemGenerator(seed: seed)
        src = random.floats([5, 2, 3])
        weights = random.floats([passes, gates * 4, 3])
        recurrence = random.floats([passes, gates * 4, 4])
        bias = random.floats([passes, gates * 8])
        initial = random.floats([passes, 2, 4])
        initialCell = random.floats([passes, 2, 4])
        peepholes = random.floats([passes, 12])
    }

    /// `W·x + R·h + b` of one row of the gates, the two parts apart.
    func gate(_ row: Int, _ time: Int, _ sequence: Int, _ hidden: [Double]) -> (src: Double, state: Double) {
        let rows = weights.shape[1]
        var (fromSrc, fromState) = (bias.at([0, row]), bias.at([0, rows + row]))
        for feature in 0..<3 { fromSrc += weights.at([0, row, feature]) * src.at([time, sequence, feature]) }
        for unit in 0..<4 { fromState += recurrence.at([0, row, unit]) * hidden[unit] }
        return (fromSrc, fromState)
    }

    func start(_ tensor: Tensor, _ sequence: Int) -> [Double] { (0..<4).map { tensor.at([0, sequence, $0]) } }
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

private func functions(_ names: [String], passes: Int = 1) throws -> [RecurrentActivation] {
    let all = [[String]](repeating: names, count: passes).flatMap(\.self)
    return try #require(RecurrentActivation.list(all, alphas: [], betas: []))
}

@Suite struct RecurrentOperatorTests {
    @Test(arguments: 0..<5)
    func lstmFollowsItsEquations(seed: Int) throws {
        let problem = RecurrentProblem(seed: UInt64(seed), gates: 4, passes: 1)
        let operation = LSTM(RecurrentParameters(activations: try functions(["Sigmoid", "Tanh", "Tanh"])))
        let outputs = try evaluateAll(
            operation,
            [
                problem.src, problem.weights, problem.recurrence, problem.bias, nil, problem.initial,
                problem.initialCell, problem.peepholes,
            ]
        )
        for sequence in 0..<2 {
            var hidden = problem.start(problem.initial, sequence)
            var cell = problem.start(problem.initialCell, sequence)
            for time in 0..<5 {
                let gates = (0..<16).map { row -> Double in
                    let (src, state) = problem.gate(row, time, sequence, hidden)
                    return src + state
                }
                func peephole(_ gate: Int, _ unit: Int) -> Double { problem.peepholes.at([0, gate * 4 + unit]) }
                for unit in 0..<4 {
                    let input = sigmoid(gates[unit] + peephole(0, unit) * cell[unit])
                    let forget = sigmoid(gates[8 + unit] + peephole(2, unit) * cell[unit])
                    cell[unit] = forget * cell[unit] + input * tanh(gates[12 + unit])
                    hidden[unit] = sigmoid(gates[4 + unit] + peephole(1, unit) * cell[unit]) * tanh(cell[unit])
                    #expect(abs(outputs[0].at([time, 0, sequence, unit]) - hidden[unit]) < 1e-6, "seed \(seed)")
                }
            }
            for unit in 0..<4 {
                #expect(abs(outputs[1].at([0, sequence, unit]) - hidden[unit]) < 1e-6)
                #expect(abs(outputs[2].at([0, sequence, unit]) - cell[unit]) < 1e-6)
            }
        }
    }

    @Test(arguments: [false, true], 0..<3)
    func gruFollowsItsEquations(resetsAfterProduct: Bool, seed: Int) throws {
        let problem = RecurrentProblem(seed: UInt64(seed), gates: 3, passes: 1)
        let parameters = RecurrentParameters(activations: try functions(["Sigmoid", "Tanh"]))
        let dst = try evaluateFirst(
            GRU(parameters, resetsAfterProduct: resetsAfterProduct),
            problem.src,
            problem.weights,
            problem.recurrence,
            problem.bias,
            nil,
            problem.initial
        )
        for sequence in 0..<2 {
            var hidden = problem.start(problem.initial, sequence)
            for time in 0..<5 {
                let previous = hidden
                func gate(_ row: Int) -> Double {
                    let (src, state) = problem.gate(row, time, sequence, previous)
                    return sigmoid(src + state)
                }
                let kept = (0..<4).map { gate(4 + $0) * previous[$0] }
                for unit in 0..<4 {
                    let plain = problem.gate(8 + unit, time, sequence, previous)
                    let reset = problem.gate(8 + unit, time, sequence, kept)
                    let candidate = tanh(plain.src + (resetsAfterProduct ? gate(4 + unit) * plain.state : reset.state))
                    hidden[unit] = (1 - gate(unit)) * candidate + gate(unit) * previous[unit]
                    #expect(abs(dst.at([time, 0, sequence, unit]) - hidden[unit]) < 1e-6, "seed \(seed)")
                }
            }
        }
    }

    @Test func reverseReadsTheSequenceBackwards() throws {
        let problem = RecurrentProblem(seed: 3, gates: 1, passes: 1)
        let names = try functions(["Tanh"])
        let backwards = makeTensor(problem.src.shape) { problem.src.at([4 - $0[0], $0[1], $0[2]]) }
        let forward = try evaluateAll(
            RNN(RecurrentParameters(activations: names)),
            [backwards, problem.weights, problem.recurrence, problem.bias]
        )
        let reverse = try evaluateAll(
            RNN(RecurrentParameters(direction: .reverse, activations: names)),
            [problem.src, problem.weights, problem.recurrence, problem.bias]
        )
        #expect(reverse[1].doubles() == forward[1].doubles())
        let flipped = makeTensor(forward[0].shape) { forward[0].at([4 - $0[0]] + $0.dropFirst()) }
        #expect(reverse[0].doubles() == flipped.doubles())
    }

    @Test func bidirectionalIsBothPassesAndLayoutsAreTransposed() throws {
        let problem = RecurrentProblem(seed: 4, gates: 1, passes: 2)
        let both = RecurrentParameters(direction: .bidirectional, activations: try functions(["Tanh"], passes: 2))
        let inputs = [problem.src, problem.weights, problem.recurrence, problem.bias]
        let outputs = try evaluateAll(RNN(both), inputs)
        #expect(outputs[0].shape == [5, 2, 2, 4] && outputs[1].shape == [2, 2, 4])
        for (pass, direction) in [RecurrentDirection.forward, .reverse].enumerated() {
            let single = RecurrentParameters(direction: direction, activations: try functions(["Tanh"]))
            let own = try evaluateAll(
                RNN(single),
                [problem.src]
                    + inputs.dropFirst().map { $0.outerRow(pass).reshaped(to: Shape([1] + $0.shape.dropFirst())) }
            )
            #expect(own[1].doubles() == outputs[1].outerRow(pass).doubles())
        }
        var batchFirst = both
        batchFirst.isBatchFirst = true
        let transposed = makeTensor([2, 5, 3]) { problem.src.at([$0[1], $0[0], $0[2]]) }
        let other = try evaluateAll(RNN(batchFirst), [transposed] + inputs.dropFirst())
        #expect(
            other[0].doubles() == makeTensor([2, 5, 2, 4]) { outputs[0].at([$0[1], $0[2], $0[0], $0[3]]) }.doubles()
        )
        #expect(other[1].doubles() == makeTensor([2, 2, 4]) { outputs[1].at([$0[1], $0[0], $0[2]]) }.doubles())
    }

    @Test func stepsBeyondASequenceAreZero() throws {
        let problem = RecurrentProblem(seed: 5, gates: 1, passes: 1)
        let operation = RNN(RecurrentParameters(activations: try functions(["Tanh"])))
        let inputs: [Tensor?] = [problem.src, problem.weights, problem.recurrence, problem.bias]
        let outputs = try evaluateAll(operation, inputs + [Tensor([2, 5] as [Int32], shape: [2])])
        for unit in 0..<4 {
            #expect(outputs[0].at([2, 0, 0, unit]) == 0 && outputs[0].at([4, 0, 1, unit]) != 0)
            #expect(outputs[1].at([0, 0, unit]) == outputs[0].at([1, 0, 0, unit]))
        }
        #expect(throws: OperatorError.self) {
            try evaluateAll(operation, inputs + [Tensor([2, 6] as [Int32], shape: [2])])
        }
    }

    @Test func weightsOfAnotherShapeAndUnknownFunctionsAreNamed() throws {
        let problem = RecurrentProblem(seed: 6, gates: 1, passes: 1)
        let operation = RNN(RecurrentParameters(activations: try functions(["Tanh"])))
        let error = #expect(throws: OperatorError.self) {
            try evaluateAll(operation, [problem.src, Tensor(zeros: .float32, shape: [1, 4, 2]), problem.recurrence])
        }
        #expect(error?.description == "RNN: input 1: got shape [1, 4, 2], expected [1, 4, 3]")
        #expect(RecurrentActivation("Sine") == nil)
        var attributes = operation.attributes
        attributes["activations"] = .strings(["Sine"])
        #expect(throws: OperatorError.self) { try RNN(attributes: attributes) }
        #expect(try RNN(attributes: operation.attributes).attributes == operation.attributes)
    }
}
