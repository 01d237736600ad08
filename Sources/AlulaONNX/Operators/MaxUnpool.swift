// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX MaxUnpool, opset 9, 11, 22.
@Sendable
func importMaxUnpool(_ context: inout ImportContext) throws(ImportError) {
    context.emit(
        MaxUnpool(kernelShape: try context.requiredKernelShape(), window: try context.windowParameters())
    )
}
