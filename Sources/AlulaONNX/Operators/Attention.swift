// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Attention, opset 23.
@Sendable
func importAttention(_ context: inout ImportContext) throws(ImportError) {
    let mode = try context.integer("qk_matmul_output_mode", default: 0)
    guard let scoreStage = Attention.ScoreStage(rawValue: mode) else {
        throw context.unsupported("attribute 'qk_matmul_output_mode' = \(mode)", expected: "0 to 3")
    }
    // `softmax_precision` asks for at least a precision; the softmax is always computed in the highest.
    context.emit(
        Attention(
            isCausal: try context.bool("is_causal", default: false),
            queryHeads: try context.integer("q_num_heads"),
            keyHeads: try context.integer("kv_num_heads"),
            scale: context.node.attributes["scale"] == nil ? nil : try context.float("scale", default: 0),
            softcap: try context.float("softcap", default: 0),
            scoreStage: scoreStage
        )
    )
}
