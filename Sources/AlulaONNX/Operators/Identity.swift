// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Identity, opset 1 to 21, of tensors.
@Sendable
func importIdentity(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Identity())
}
