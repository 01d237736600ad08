// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Round, opset 11, 22.
@Sendable
func importRound(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Round())
}
