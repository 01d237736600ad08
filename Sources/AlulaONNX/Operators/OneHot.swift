// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX OneHot, opset 9, 11.
@Sendable
func importOneHot(_ context: inout ImportContext) throws(ImportError) {
    context.emit(OneHot(axis: try context.integer("axis", default: -1)))
}
