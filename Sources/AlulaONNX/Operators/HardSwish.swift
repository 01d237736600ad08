// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX HardSwish, opset 14, 22.
@Sendable
func importHardSwish(_ context: inout ImportContext) throws(ImportError) {
    context.emit(HardSwish())
}
