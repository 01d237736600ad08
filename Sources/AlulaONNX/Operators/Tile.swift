// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Tile, opset 6, 13.
@Sendable
func importTile(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Tile())
}
