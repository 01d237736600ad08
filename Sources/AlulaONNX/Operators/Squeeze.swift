// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Squeeze, opset 1, 11, 13, 21; the axes are an attribute before 13.
@Sendable
func importSqueeze(_ context: inout ImportContext) throws(ImportError) {
    let axes = try context.integersInput(1, orAttribute: "axes", before: 13)
    context.emit(Squeeze(), inputs: axes == nil ? [context.input(0)] : [context.input(0), axes])
}
