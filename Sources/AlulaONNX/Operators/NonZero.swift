// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX NonZero, opset 9, 13.
@Sendable
func importNonZero(_ context: inout ImportContext) throws(ImportError) {
    context.emit(NonZero())
}
