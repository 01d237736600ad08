// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GlobalLpPool, opset 2, 22.
@Sendable
func importGlobalLpPool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(GlobalLpPool(p: try context.integer("p", default: 2)))
}
