// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Dropout, opset 6, 7, 10 (ratio as attribute), 12, 13, 22 (ratio and training mode as inputs).
///
/// Without mask and training mode it is the identity. Before opset 10 the mask has src's type.
@Sendable
func importDropout(_ context: inout ImportContext) throws(ImportError) {
    let wantsMask = context.node.outputs.count > 1 && !context.node.outputs[1].isEmpty
    if !wantsMask && context.input(2) == nil {
        return context.emit(Identity(), inputs: [context.input(0)])
    }
    context.emit(Dropout(seed: try context.integer("seed", default: 0)))
    if context.opset < 10, wantsMask, let mask = context.outputs[1] {
        context.bindOutput(1, to: context.emitIntermediate(CastLike(), inputs: [mask, context.input(0)]))
    }
}
