// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LayerNormalization, opset 17.
@Sendable
func importLayerNormalization(_ context: inout ImportContext) throws(ImportError) {
    // `stash_type` only lowers the precision of the statistics; they are always taken in full.
    context.emit(
        LayerNormalization(
            axis: try context.integer("axis", default: -1),
            epsilon: try context.float("epsilon", default: 1e-5)
        )
    )
}
