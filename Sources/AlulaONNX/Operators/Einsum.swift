// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Einsum, opset 12.
@Sendable
func importEinsum(_ context: inout ImportContext) throws(ImportError) {
    let equation = try context.string("equation", default: "")
    guard !equation.isEmpty else {
        throw context.unsupported("no attribute 'equation'", expected: "an equation")
    }
    context.emit(Einsum(equation: equation))
}
