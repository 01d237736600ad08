// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX CenterCropPad, opset 18.
@Sendable
func importCenterCropPad(_ context: inout ImportContext) throws(ImportError) {
    context.emit(CenterCropPad(axes: try context.integers("axes")))
}
