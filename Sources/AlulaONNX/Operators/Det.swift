// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Det, opset 11, 22.
@Sendable
func importDet(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Det())
}
