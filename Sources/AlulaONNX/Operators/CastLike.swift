// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX CastLike, opset 15, 19, 21.
@Sendable
func importCastLike(_ context: inout ImportContext) throws(ImportError) {
    context.emit(CastLike())
}
