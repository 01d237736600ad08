// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX Pad, opset 2, 11, 13, 18, 19, 21; counts and value are attributes before 11.
@Sendable
func importPad(_ context: inout ImportContext) throws(ImportError) {
    let text = try context.string("mode", default: "constant")
    guard let mode = Pad.Mode(rawValue: text) else {
        throw context.unsupported("mode = '\(text)'", expected: "constant, reflect, edge or wrap")
    }
    guard context.opset < 11 else { return context.emit(Pad(mode: mode)) }
    guard let pads = try context.integers("pads") else {
        throw context.unsupported("no attribute 'pads'", expected: "the counts before and after every axis")
    }
    // A float32 value fits every type the old opsets pad, all of them floating-point.
    let value = context.addConstant(Tensor(scalar: try context.float("value", default: 0)))
    context.emit(Pad(mode: mode), inputs: [context.input(0), context.addIntegers(pads), value])
}
