// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct NeuralRegistryTests {
    @Test func everyOperatorIsRestoredFromItsDescription() throws {
        let window = WindowParameters(strides: [2, 1], padsBegin: [1, 0], padsEnd: [0, 1])
        let operations: [any Operator] = [
            Conv(window: window, group: 2), ConvTranspose(window: window, outputPadding: [1, 0]), MatMul(),
            Gemm(alpha: 2), MaxPool(kernelShape: [2, 2], window: window), LpPool(kernelShape: [2, 2], p: 3),
            AveragePool(kernelShape: [2, 2], countsPadding: true), GlobalAveragePool(), GlobalMaxPool(),
            GlobalLpPool(p: 1), BatchNormalization(epsilon: 1), LayerNormalization(axis: 1),
            RMSNormalization(axis: 0), InstanceNormalization(epsilon: 2), GroupNormalization(groupCount: 2),
            LpNormalization(axis: 0, p: 1), MeanVarianceNormalization(axes: [1]), LRN(size: 3),
            Resize(interpolation: .cubic), DepthToSpace(blockExtent: 2), SpaceToDepth(blockExtent: 2),
            NonMaxSuppression(isCentered: true), Einsum(equation: "ij->ji"), MatMulInteger(), QLinearMatMul(),
            ConvInteger(window: window), QLinearConv(window: window, group: 3), GridSample(padding: .border),
            RoiAlign(outputHeight: 3), Attention(softcap: 2), RotaryEmbedding(heads: 2),
        ]
        for operation in operations {
            let restored = try OperatorRegistry.standard.makeOperator(operation.described)
            #expect(restored.described == operation.described)
        }
    }

    /// Parameters of untrusted plans must be refused, not trap.
    @Test func absurdParametersAreRefused() {
        let src = OperatorInput(TensorType(.float32, [1, 2, 4, 4]))
        let huge = Int.max
        let cases: [(any Operator, [OperatorInput?])] = [
            (Conv(window: WindowParameters(strides: [huge, huge])), [src, src]),
            (Conv(window: WindowParameters(dilations: [huge, 1])), [src, src]),
            (Conv(window: WindowParameters(padsBegin: [huge, huge], padsEnd: [huge, huge])), [src, src]),
            (Conv(group: huge), [src, src]), (Conv(group: Int.min), [src, src]),
            (ConvTranspose(window: WindowParameters(strides: [huge, huge])), [src, src]),
            (ConvTranspose(outputPadding: [huge, huge]), [src, src]),
            (ConvTranspose(outputShape: [Int.min, huge]), [src, src]),
            (MaxPool(kernelShape: [huge, huge]), [src]), (AveragePool(kernelShape: [Int.min, 1]), [src]),
            (GroupNormalization(groupCount: Int.min), [src, src, src]), (LRN(size: Int.min), [src]),
            (LayerNormalization(axis: Int.min), [src, src]), (DepthToSpace(blockExtent: huge), [src]),
            (SpaceToDepth(blockExtent: Int.min), [src]), (Resize(axes: [Int.min]), [src, nil, src]),
            (RoiAlign(outputHeight: huge, outputWidth: huge), [src, src, src]),
            (RotaryEmbedding(rotatedExtent: huge), [src, src, src]),
        ]
        for (operation, inputs) in cases {
            #expect(throws: OperatorError.self, "\(operation)") { try operation.inferOutputs(inputs) }
        }
    }
}
