// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Unsqueeze, opset 1, 11, 13, 21; the axes are an attribute before 13.
@Sendable
func importUnsqueeze(_ context: inout ImportContext) throws(ImportError) {
    let axes = try context.integersInput(1, orAttribute: "axes", before: 13)
    context.emit(Unsqueeze(), inputs: [context.input(0), axes])
}
