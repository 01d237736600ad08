// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ConvTranspose, opset 1, 11, 22.
@Sendable
func importConvTranspose(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        ConvTranspose(
            window: try context.windowParameters(),
            group: try context.integer("group", default: 1),
            outputPadding: try context.integers("output_padding") ?? [],
            outputShape: try context.integers("output_shape"),
            kernelShape: try context.integers("kernel_shape")
        )
    )
}
