// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX HannWindow, opset 17.
@Sendable
func importHannWindow(_ context: inout ImportContext) throws(ImportError) {
    let dataType = try context.dataType("output_datatype", default: .float32)
    context.emit(HannWindow(dataType: dataType, isPeriodic: try context.bool("periodic", default: true)))
}
