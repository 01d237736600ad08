// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Gelu, opset 20.
@Sendable
func importGelu(_ context: inout ImportContext) throws(ImportError) {
    let approximate = try context.string("approximate", default: "none")
    guard approximate == "none" || approximate == "tanh" else {
        throw context.unsupported("approximate = '\(approximate)'", expected: "'none' or 'tanh'")
    }
    context.emit(Gelu(usesTanh: approximate == "tanh"))
}
