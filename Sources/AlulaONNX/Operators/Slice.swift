// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX Slice, opset 1, 10, 11, 13; all but the source are attributes before 10.
@Sendable
func importSlice(_ context: inout ImportContext) throws(ImportError) {
    guard context.opset < 10 else { return context.emit(Slice()) }
    guard let starts = try context.integers("starts"), let ends = try context.integers("ends") else {
        throw context.unsupported("no attribute 'starts' or 'ends'", expected: "both")
    }
    let axes = try context.integers("axes").map { context.addIntegers($0) }
    let inputs = [context.input(0), context.addIntegers(starts), context.addIntegers(ends), axes]
    context.emit(Slice(), inputs: inputs)
}
