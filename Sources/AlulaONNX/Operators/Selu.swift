// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Selu, opset 6, 22.
@Sendable
func importSelu(_ context: inout ImportContext) throws(ImportError) {
    let alpha = try context.float("alpha", default: 1.673_263_2)
    let gamma = try context.float("gamma", default: 1.050_701)
    context.emit(Selu(alpha: alpha, gamma: gamma))
}
