// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Elu, opset 6, 22.
@Sendable
func importElu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Elu(alpha: try context.float("alpha", default: 1)))
}
