// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ScatterElements, opset 11, 13, 16, 18; also Scatter, opset 9.
@Sendable
func importScatterElements(_ context: inout ImportContext) throws(ImportError) {
    let reduction = try context.scatterReduction()
    context.emit(ScatterElements(axis: try context.integer("axis", default: 0), reduction: reduction))
}

extension ImportContext {
    /// The attribute `reduction` of a scatter; none when absent.
    func scatterReduction() throws(ImportError) -> ScatterReduction {
        let text = try string("reduction", default: "none")
        guard let reduction = ScatterReduction(rawValue: text) else {
            throw unsupported("reduction = '\(text)'", expected: "none, add, mul, max or min")
        }
        return reduction
    }
}
