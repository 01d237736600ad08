// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX NegativeLogLikelihoodLoss, opset 12, 13, 22.
@Sendable
func importNegativeLogLikelihoodLoss(_ context: inout ImportContext) throws(ImportError) {
    context.emit(try context.negativeLogLikelihoodLoss())
}

extension ImportContext {
    /// The loss with the parameters that both of ONNX's classification losses have.
    func negativeLogLikelihoodLoss() throws(ImportError) -> NegativeLogLikelihoodLoss {
        let name = try string("reduction", default: "mean")
        guard let reduction = NegativeLogLikelihoodLoss.Reduction(rawValue: name) else {
            throw unsupported("reduction = '\(name)'", expected: "'none', 'sum' or 'mean'")
        }
        return NegativeLogLikelihoodLoss(reduction: reduction, ignoredClass: try integer("ignore_index"))
    }
}
