// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Shrink, opset 9.
@Sendable
func importShrink(_ context: inout ImportContext) throws(ImportError) {
    let threshold = try context.float("lambd", default: 0.5)
    context.emit(Shrink(threshold: threshold, bias: try context.float("bias", default: 0)))
}
