// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX SoftmaxCrossEntropyLoss, opset 12, 13: the negative log-likelihood of `LogSoftmax` along the classes, which is
/// the second output.
@Sendable
func importSoftmaxCrossEntropyLoss(_ context: inout ImportContext) throws(ImportError) {
    let loss = try context.negativeLogLikelihoodLoss()
    let logarithms = context.emitIntermediate(LogSoftmax(axis: 1), inputs: [context.input(0)])
    let scalars = context.emitIntermediate(loss, inputs: [logarithms] + context.inputs.dropFirst())
    context.bindOutput(0, to: scalars)
    if context.outputs.count > 1 { context.bindOutput(1, to: logarithms) }
}
