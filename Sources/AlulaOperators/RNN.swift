// SPDX-License-Identifier: Apache-2.0

/// `H = f(W·x + R·H + b)`, step by step.
///
/// Shapes as in ``RecurrentOperator``. Source: ONNX RNN, opset 22.
public struct RNN: RecurrentOperator {
    /// `RNN`.
    public static let name = "RNN"
    /// 1.
    public static let gateCount = 1
    /// The functions of one pass, by default.
    public static let defaultActivations = ["Tanh"]
    /// 6.
    public static let maximumInputCount = 6
    /// 2.
    public static let outputCount = 2

    /// Direction, functions, clipping, layout.
    public var parameters: RecurrentParameters

    /// The operator; its parameters must hold 1 function a pass.
    public init(_ parameters: RecurrentParameters) {
        self.parameters = parameters
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        parameters = try RecurrentParameters(attributes: attributes, activationCount: 1, of: Self.name)
    }

    /// The recurrence.
    public func advance(_ step: borrowing RecurrentStep, _ state: inout RecurrentState) {
        let previous = state.hidden
        for unit in previous.indices {
            state.hidden[unit] = step.activate(0, step.inputGates[unit] + step.recur(unit, previous))
        }
    }
}
