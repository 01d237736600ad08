// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Concat, opset 4, 11, 13.
@Sendable
func importConcat(_ context: inout ImportContext) throws(ImportError) {
    guard let axis = try context.integer("axis") else {
        throw context.unsupported("no attribute 'axis'", expected: "an axis")
    }
    context.emit(Concat(axis: axis))
}
