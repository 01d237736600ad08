// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

extension ImportContext {
    /// The attributes that `RNN`, `GRU` and `LSTM` have in common.
    func recurrentParameters<T: RecurrentOperator>(of _: T.Type) throws(ImportError) -> RecurrentParameters {
        let name = try string("direction", default: "forward")
        guard let direction = RecurrentDirection(rawValue: name) else {
            throw unsupported("direction = '\(name)'", expected: "'forward', 'reverse' or 'bidirectional'")
        }
        let passes = direction == .bidirectional ? 2 : 1
        var names = [[String]](repeating: T.defaultActivations, count: passes).flatMap(\.self)
        if case .strings(let given)? = node.attributes["activations"] { names = given }
        let alphas = try floats("activation_alpha") ?? []
        let betas = try floats("activation_beta") ?? []
        guard names.count == T.defaultActivations.count * passes,
            let activations = RecurrentActivation.list(names, alphas: alphas, betas: betas)
        else {
            throw unsupported(
                "activations = \(names)",
                expected: "\(T.defaultActivations.count * passes) functions that ONNX names"
            )
        }
        return RecurrentParameters(
            direction: direction,
            activations: activations,
            clip: node.attributes["clip"] == nil ? nil : try float("clip", default: 0),
            isBatchFirst: try bool("layout", default: false)
        )
    }
}
