// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX ReverseSequence, opset 10.
@Sendable
func importReverseSequence(_ context: inout ImportContext) throws(ImportError) {
    let batchAxis = try context.integer("batch_axis", default: 1)
    let timeAxis = try context.integer("time_axis", default: 0)
    guard [batchAxis, timeAxis].sorted() == [0, 1] else {
        throw context.unsupported("time_axis = \(timeAxis), batch_axis = \(batchAxis)", expected: "0 and 1, or 1 and 0")
    }
    context.emit(ReverseSequence(batchAxis: batchAxis, timeAxis: timeAxis))
}
