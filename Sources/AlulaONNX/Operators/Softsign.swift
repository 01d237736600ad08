// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Softsign, opset 1, 22.
@Sendable
func importSoftsign(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Softsign())
}
