// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Reshape, opset 5, 13, 14, 19, 21.
@Sendable
func importReshape(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Reshape(allowsZero: try context.bool("allowzero", default: false)))
}
