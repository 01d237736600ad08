// SPDX-License-Identifier: Apache-2.0

/// ONNX Bernoulli, Multinomial, RandomNormal, RandomNormalLike, RandomUniform, RandomUniformLike: always refused, since
/// their results are neither reproducible nor comparable between runtimes.
@Sendable
func refuseRandom(_ context: inout ImportContext) throws(ImportError) {
    throw context.unsupported("random numbers", expected: "a model whose outputs follow from its inputs")
}
