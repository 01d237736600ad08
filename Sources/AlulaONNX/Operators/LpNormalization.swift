// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LpNormalization, opset 1, 22.
@Sendable
func importLpNormalization(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        LpNormalization(axis: try context.integer("axis", default: -1), p: try context.integer("p", default: 2))
    )
}
