// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Sign, opset 9, 13.
@Sendable
func importSign(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Sign())
}
