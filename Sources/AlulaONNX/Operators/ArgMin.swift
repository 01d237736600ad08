// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ArgMin, opset 1, 11, 12, 13.
@Sendable
func importArgMin(_ context: inout ImportContext) throws(ImportError) {
    let axis = try context.integer("axis", default: 0)
    let keepsDimensions = try context.bool("keepdims", default: true)
    let selectsLast = try context.bool("select_last_index", default: false)
    context.emit(ArgMin(axis: axis, keepsDimensions: keepsDimensions, selectsLast: selectsLast))
}
