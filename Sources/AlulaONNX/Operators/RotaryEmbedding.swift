// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX RotaryEmbedding, opset 23.
@Sendable
func importRotaryEmbedding(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        RotaryEmbedding(
            isInterleaved: try context.bool("interleaved", default: false),
            rotatedExtent: try context.integer("rotary_embedding_dim", default: 0),
            heads: try context.integer("num_heads", default: 0)
        )
    )
}
