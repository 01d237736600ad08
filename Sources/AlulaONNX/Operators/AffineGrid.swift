// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX AffineGrid, opset 20.
@Sendable
func importAffineGrid(_ context: inout ImportContext) throws(ImportError) {
    context.emit(AffineGrid(alignsCorners: try context.bool("align_corners", default: false)))
}
