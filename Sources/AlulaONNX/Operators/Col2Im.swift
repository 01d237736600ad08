// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Col2Im, opset 18.
@Sendable
func importCol2Im(_ context: inout ImportContext) throws(ImportError) {
    let operation = Col2Im(
        dilations: try context.integers("dilations"),
        pads: try context.integers("pads"),
        strides: try context.integers("strides")
    )
    context.emit(operation)
}
