// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX STFT, opset 17.
@Sendable
func importSTFT(_ context: inout ImportContext) throws(ImportError) {
    context.emit(STFT(isOneSided: try context.bool("onesided", default: true)))
}
