// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX IsInf, opset 10, 20.
@Sendable
func importIsInf(_ context: inout ImportContext) throws(ImportError) {
    let negative = try context.bool("detect_negative", default: true)
    let positive = try context.bool("detect_positive", default: true)
    context.emit(IsInf(detectsNegative: negative, detectsPositive: positive))
}
