// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Conv, opset 1, 11, 22.
@Sendable
func importConv(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        Conv(
            window: try context.windowParameters(),
            group: try context.integer("group", default: 1),
            kernelShape: try context.integers("kernel_shape")
        )
    )
}
