// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaPlan

extension ExecutionError {
    /// The runtime's words for shapes a plan does not take.
    init(_ error: PlanError, in location: String) {
        switch error {
        case .shapeMismatch(let binding, let got, let expected):
            self = .invalidArgument(
                .init("shape does not fit", in: "binding '\(binding)'", got: "\(got)", expected: expected)
            )
        default:
            self = .invalidConfig(
                .init(
                    "network does not take these shapes",
                    in: location,
                    got: "\(error)",
                    expected: "shapes it was made for"
                )
            )
        }
    }

    /// A step that refused its inputs while it ran.
    init(_ error: OperatorError, layer: String) {
        let details = Details(
            "operator refused its inputs",
            in: "layer '\(layer)'",
            got: "\(error)",
            expected: "inputs the operator is defined for"
        )
        self = ExecutionError.failedComputation(details).attributed(toLayer: layer)
    }
}
