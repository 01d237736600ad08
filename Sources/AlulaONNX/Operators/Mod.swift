// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Mod, opset 10, 13.
@Sendable
func importMod(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Mod(keepsDividendSign: try context.bool("fmod", default: false)))
}
