// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX RNN, opset 7, 14, 22.
@Sendable
func importRNN(_ context: inout ImportContext) throws(ImportError) {
    let parameters = try context.recurrentParameters(of: RNN.self)
    context.emit(RNN(parameters))
}
