// SPDX-License-Identifier: Apache-2.0

/// `C = f ⊙ C + i ⊙ g(…)`, `H = o ⊙ h(C)` with gates i, o, f, c in that order, step by step.
///
/// `i = f(Wᵢ·x + Rᵢ·H + pᵢ ⊙ C + bᵢ)`, `f` and `c` alike (c without peephole), `o` with the new `C`. Input 6 is the
/// initial cell state, input 7 the peepholes `[P, 3·H]` of i, o, f; output 2 the last cell states.
///
/// Shapes as in ``RecurrentOperator``. Source: ONNX LSTM, opset 22.
public struct LSTM: RecurrentOperator {
    /// `LSTM`.
    public static let name = "LSTM"
    /// 4.
    public static let gateCount = 4
    /// The functions of one pass, by default.
    public static let defaultActivations = ["Sigmoid", "Tanh", "Tanh"]
    /// 8.
    public static let maximumInputCount = 8
    /// 3.
    public static let outputCount = 3

    /// Direction, functions, clipping, layout.
    public var parameters: RecurrentParameters
    /// Whether the forget gate is one minus the input gate.
    public var couplesGates: Bool

    /// The operator; its parameters must hold 3 functions a pass.
    public init(_ parameters: RecurrentParameters, couplesGates: Bool = false) {
        self.parameters = parameters
        self.couplesGates = couplesGates
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        parameters = try RecurrentParameters(attributes: attributes, activationCount: 3, of: Self.name)
        couplesGates = try attributes.bool("couplesGates", for: Self.name)
    }

    /// The parameters by name.
    public var attributes: Attributes {
        var attributes = parameters.attributes
        attributes["couplesGates"] = .integer(couplesGates ? 1 : 0)
        return attributes
    }

    /// The recurrence.
    public func advance(_ step: borrowing RecurrentStep, _ state: inout RecurrentState) {
        let previous = state.hidden
        let count = previous.count
        let peepholes = step.pass.peepholes
        for unit in 0..<count {
            func gate(_ index: Int) -> Double {
                step.inputGates[index * count + unit] + step.recur(index * count + unit, previous)
            }
            let cell = state.cell[unit]
            let input = step.activate(0, gate(0) + peepholes[unit] * cell)
            let forget = couplesGates ? 1 - input : step.activate(0, gate(2) + peepholes[2 * count + unit] * cell)
            let next = forget * cell + input * step.activate(1, gate(3))
            let output = step.activate(0, gate(1) + peepholes[count + unit] * next)
            state.cell[unit] = next
            state.hidden[unit] = output * step.activate(2, next)
        }
    }
}
