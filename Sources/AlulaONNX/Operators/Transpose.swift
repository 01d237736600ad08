// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Transpose, opset 1, 13, 21.
@Sendable
func importTranspose(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Transpose(permutation: try context.integers("perm")))
}
