// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Gemm, opset 7, 9, 11, 13.
@Sendable
func importGemm(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        Gemm(
            alpha: try context.float("alpha", default: 1),
            beta: try context.float("beta", default: 1),
            isSrcTransposed: try context.bool("transA", default: false),
            isWeightsTransposed: try context.bool("transB", default: false)
        )
    )
}
