// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX CumSum, opset 11, 14.
@Sendable
func importCumSum(_ context: inout ImportContext) throws(ImportError) {
    let isExclusive = try context.bool("exclusive", default: false)
    let isReversed = try context.bool("reverse", default: false)
    context.emit(CumSum(isExclusive: isExclusive, isReversed: isReversed))
}
