// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Dropout, opset 7, 10 (ratio as attribute), 12, 13, 22 (ratio and training mode as inputs), at inference.
///
/// Without mask and training mode it is the identity. Before opset 10 the mask has src's type.
@Sendable
func importDropout(_ context: inout ImportContext) throws(ImportError) {
    let wantsMask = context.node.outputs.count > 1 && !context.node.outputs[1].isEmpty
    if !wantsMask && context.input(2) == nil {
        context.emit(Identity(), inputs: [context.input(0)])
    } else if context.opset < 10 {
        throw context.unsupported("a mask output", expected: "none before opset 10")
    } else {
        context.emit(Dropout())
    }
}
