// SPDX-License-Identifier: Apache-2.0

/// `H = (1 - z) ⊙ h + z ⊙ H` with gates z, r, h in that order, step by step.
///
/// `z = f(W_z·x + R_z·H + b_z)`, `r` alike, `h = g(W_h·x + R_h·(r ⊙ H) + b_h)`, or with the reset gate
/// applied after the product: `h = g(W_h·x + r ⊙ (R_h·H + b) + b)`.
///
/// Shapes as in ``RecurrentOperator``. Source: ONNX GRU, opset 22.
public struct GRU: RecurrentOperator {
    /// `GRU`.
    public static let name = "GRU"
    /// 3.
    public static let gateCount = 3
    /// The functions of one pass, by default.
    public static let defaultActivations = ["Sigmoid", "Tanh"]
    /// 6.
    public static let maximumInputCount = 6
    /// 2.
    public static let outputCount = 2

    /// Direction, functions, clipping, layout.
    public var parameters: RecurrentParameters
    /// Whether the reset gate is applied to the product instead of the state.
    public var resetsAfterProduct: Bool

    /// The operator; its parameters must hold 2 functions a pass.
    public init(_ parameters: RecurrentParameters, resetsAfterProduct: Bool = false) {
        self.parameters = parameters
        self.resetsAfterProduct = resetsAfterProduct
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        parameters = try RecurrentParameters(attributes: attributes, activationCount: 2, of: Self.name)
        resetsAfterProduct = try attributes.bool("resetsAfterProduct", for: Self.name)
    }

    /// The parameters by name.
    public var attributes: Attributes {
        var attributes = parameters.attributes
        attributes["resetsAfterProduct"] = .integer(resetsAfterProduct ? 1 : 0)
        return attributes
    }

    /// The recurrence.
    public func advance(_ step: borrowing RecurrentStep, _ state: inout RecurrentState) {
        let previous = state.hidden
        let count = previous.count
        func gate(_ index: Int) -> Double {
            step.activate(0, step.inputGates[index] + step.recur(index, previous))
        }
        let update = (0..<count).map { gate($0) }
        let reset = (0..<count).map { gate(count + $0) }
        let kept = zip(reset, previous).map { $0 * $1 }
        for unit in 0..<count {
            let row = 2 * count + unit
            let recurrent = resetsAfterProduct ? reset[unit] * step.recur(row, previous) : step.recur(row, kept)
            let candidate = step.activate(1, step.inputGates[row] + recurrent)
            state.hidden[unit] = (1 - update[unit]) * candidate + update[unit] * previous[unit]
        }
    }
}
