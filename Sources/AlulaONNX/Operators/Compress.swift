// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Compress, opset 9, 11.
@Sendable
func importCompress(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Compress(axis: try context.integer("axis")))
}
