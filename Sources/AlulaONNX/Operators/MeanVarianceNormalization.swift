// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX MeanVarianceNormalization, opset 9, 13.
@Sendable
func importMeanVarianceNormalization(_ context: inout ImportContext) throws(ImportError) {
    context.emit(MeanVarianceNormalization(axes: try context.integers("axes") ?? [0, 2, 3]))
}
