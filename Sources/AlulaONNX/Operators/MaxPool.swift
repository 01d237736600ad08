// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX MaxPool, opset 1, 8, 10, 11, 12, 22.
@Sendable
func importMaxPool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        MaxPool(
            kernelShape: try context.requiredKernelShape(),
            window: try context.windowParameters(),
            ceilMode: try context.bool("ceil_mode", default: false),
            isColumnMajor: try context.bool("storage_order", default: false)
        )
    )
}
