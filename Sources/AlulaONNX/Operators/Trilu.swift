// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Trilu, opset 14.
@Sendable
func importTrilu(_ context: inout ImportContext) throws(ImportError) {
    context.emit(Trilu(upper: try context.bool("upper", default: true)))
}
