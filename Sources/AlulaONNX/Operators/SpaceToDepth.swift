// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX SpaceToDepth, opset 1, 13.
@Sendable
func importSpaceToDepth(_ context: inout ImportContext) throws(ImportError) {
    guard let blockExtent = try context.integer("blocksize") else {
        throw context.unsupported("no attribute 'blocksize'", expected: "the extent of a block")
    }
    context.emit(SpaceToDepth(blockExtent: blockExtent))
}
