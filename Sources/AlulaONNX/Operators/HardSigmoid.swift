// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX HardSigmoid, opset 6, 22.
@Sendable
func importHardSigmoid(_ context: inout ImportContext) throws(ImportError) {
    let alpha = try context.float("alpha", default: 0.2)
    let beta = try context.float("beta", default: 0.5)
    context.emit(HardSigmoid(alpha: alpha, beta: beta))
}
