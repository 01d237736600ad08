// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX DepthToSpace, opset 1, 11, 13.
@Sendable
func importDepthToSpace(_ context: inout ImportContext) throws(ImportError) {
    guard let blockExtent = try context.integer("blocksize") else {
        throw context.unsupported("no attribute 'blocksize'", expected: "the extent of a block")
    }
    let mode = try context.string("mode", default: "DCR")
    guard mode == "DCR" || mode == "CRD" else {
        throw context.unsupported("attribute 'mode' = '\(mode)'", expected: "DCR or CRD")
    }
    context.emit(DepthToSpace(blockExtent: blockExtent, isChannelMajor: mode == "CRD"))
}
