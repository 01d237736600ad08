// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX LSTM, opset 7, 14, 22.
@Sendable
func importLSTM(_ context: inout ImportContext) throws(ImportError) {
    let parameters = try context.recurrentParameters(of: LSTM.self)
    context.emit(LSTM(parameters, couplesGates: try context.bool("input_forget", default: false)))
}
