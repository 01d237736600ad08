// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX DynamicQuantizeLinear, opset 11.
@Sendable
func importDynamicQuantizeLinear(_ context: inout ImportContext) throws(ImportError) {
    context.emit(DynamicQuantizeLinear())
}
