// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX BitShift, opset 11.
@Sendable
func importBitShift(_ context: inout ImportContext) throws(ImportError) {
    let direction = try context.string("direction", default: "")
    guard direction == "LEFT" || direction == "RIGHT" else {
        throw context.unsupported("direction = '\(direction)'", expected: "'LEFT' or 'RIGHT'")
    }
    context.emit(BitShift(shiftsLeft: direction == "LEFT"))
}
