// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX MelWeightMatrix, opset 17.
@Sendable
func importMelWeightMatrix(_ context: inout ImportContext) throws(ImportError) {
    context.emit(MelWeightMatrix(dataType: try context.dataType("output_datatype", default: .float32)))
}
