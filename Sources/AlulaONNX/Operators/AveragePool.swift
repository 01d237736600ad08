// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX AveragePool, opset 7, 10, 11, 19, 22.
@Sendable
func importAveragePool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        AveragePool(
            kernelShape: try context.requiredKernelShape(),
            window: try context.windowParameters(),
            ceilMode: try context.bool("ceil_mode", default: false),
            countsPadding: try context.bool("count_include_pad", default: false)
        )
    )
}
