// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Expand, opset 8, 13.
@Sendable
func importExpand(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Expand())
}
