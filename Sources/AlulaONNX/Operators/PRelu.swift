// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX PRelu, opset 6 (slopes a channel), 7, 9, 16.
@Sendable
func importPRelu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(PRelu(isChannelwise: context.opset < 7))
}
